import ConnmixDurable

/// The parts of a JSON value, each as its bytes. What reads them has checked that it is one.
enum JSONParts {
    struct Member {
        /// As it is written, with its quotes.
        let key: ArraySlice<UInt8>
        let name: String
        let value: ArraySlice<UInt8>
    }

    /// `nil` where it is no object.
    static func members(of json: ArraySlice<UInt8>) -> [Member]? {
        var places: [(key: Range<Int>, name: String, value: Range<Int>)] = []
        let isObject = json.withUnsafeBufferPointer { bytes in
            var scanner = JSONScanner(bytes)
            return scanner.object { key, escaped, scanner in
                guard let value = scanner.value() else { return false }
                places.append((key, scanner.text((key, escaped)), value))
                return true
            }
        }
        guard isObject else { return nil }
        func slice(_ range: Range<Int>) -> ArraySlice<UInt8> {
            json[(json.startIndex + range.lowerBound)..<(json.startIndex + range.upperBound)]
        }
        return places.map { place in
            Member(
                key: slice((place.key.lowerBound - 1)..<(place.key.upperBound + 1)), name: place.name, value: slice(place.value))
        }
    }

    /// `nil` where it is no array.
    static func elements(of json: ArraySlice<UInt8>) -> [ArraySlice<UInt8>]? {
        var places: [Range<Int>] = []
        let isArray = json.withUnsafeBufferPointer { bytes in
            var scanner = JSONScanner(bytes)
            guard scanner.consume(UInt8(ascii: "[")) else { return false }
            if scanner.consume(UInt8(ascii: "]")) { return true }
            repeat {
                guard let value = scanner.value() else { return false }
                places.append(value)
            } while scanner.consume(UInt8(ascii: ","))
            return scanner.consume(UInt8(ascii: "]"))
        }
        guard isArray else { return nil }
        return places.map { json[(json.startIndex + $0.lowerBound)..<(json.startIndex + $0.upperBound)] }
    }

    /// `nil` where it is no string.
    static func text(of json: ArraySlice<UInt8>) -> String? {
        json.withUnsafeBufferPointer { bytes in
            var scanner = JSONScanner(bytes)
            return scanner.string().map { scanner.text($0) }
        }
    }

    /// The value that a text holds, where it is JSON, without the blanks around it.
    static func value(in text: [UInt8]) -> ArraySlice<UInt8>? {
        let place = text.withUnsafeBufferPointer { bytes -> Range<Int>? in
            guard JSONScanner.isValue(bytes) else { return nil }
            var scanner = JSONScanner(bytes)
            return scanner.value()
        }
        return place.map { text[$0] }
    }

    static func object(_ members: [(key: ArraySlice<UInt8>, value: [UInt8])]) -> [UInt8] {
        var result: [UInt8] = [UInt8(ascii: "{")]
        for (index, member) in members.enumerated() {
            if index > 0 { result.append(UInt8(ascii: ",")) }
            result += member.key
            result.append(UInt8(ascii: ":"))
            result += member.value
        }
        return result + [UInt8(ascii: "}")]
    }

    static func array(_ elements: [[UInt8]]) -> [UInt8] {
        var result: [UInt8] = [UInt8(ascii: "[")]
        for (index, element) in elements.enumerated() {
            if index > 0 { result.append(UInt8(ascii: ",")) }
            result += element
        }
        return result + [UInt8(ascii: "]")]
    }

    static func string(_ text: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.string(text)
        return writer.bytes
    }
}
