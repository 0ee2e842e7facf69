internal import FoundationEssentials
internal import NIOCore

extension Message {
    /// What the end user sent, decoded from JSON.
    ///
    /// ```swift
    /// let message = Message(topic: "orders", client: "7", text: #"{"id":7,"sku":"x"}"#)
    /// let order = try message.json(as: Order.self)
    /// ```
    ///
    /// - Parameters:
    ///   - type: what the JSON is decoded as.
    ///   - decoding: which part of the message that is.
    /// - Throws: ``HandlerError/permanent(_:)`` with the decoder's words and the beginning of what was there: what does not decode today
    ///   will not tomorrow.
    public func json<T: Decodable>(as type: T.Type = T.self, decoding: MessageDecoding = .automatic) throws -> T {
        switch (decoding, frameData) {
        case (.automatic, .text(let text)), (.endUserText, .text(let text)):
            try Self.decode(type, from: Data(text.utf8), "the end user's text")
        case (.automatic, .value(let place)), (.endUserText, .value(let place)):
            try Self.decode(
                type, from: Data(data.readableBytesView.dropFirst(place.lowerBound).prefix(place.count)), "frame.data")
        case (.automatic, nil), (.wholePayload, _):
            try decode(type)
        case (.endUserText, nil):
            throw HandlerError.permanent(
                "the message has no frame.data to be decoded as \(type)"
                    + ErrorText.evidence(Self.beginning(of: data.readableBytesView)))
        }
    }

    /// All of the data decoded from JSON, the frame included where there is one. What the end user sent is `json(as:)`.
    ///
    /// - Throws: as `json(as:)`.
    public func decode<T: Decodable>(_ type: T.Type = T.self) throws -> T {
        try Self.decode(type, from: Data(data.readableBytesView), "the message")
    }

    private static func decode<T: Decodable>(_ type: T.Type, from json: Data, _ what: String) throws -> T {
        do {
            return try JSONDecoder().decode(type, from: json)
        } catch {
            throw HandlerError.permanent(
                "\(what) is no \(type): \(words(error))" + ErrorText.evidence(beginning(of: json)))
        }
    }

    private static func beginning(of bytes: some Collection<UInt8>) -> String {
        String(decoding: bytes.prefix(ErrorText.evidenceLimit * 2), as: UTF8.self)
    }

    /// The decoder's words, with the place that they are about.
    private static func words(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return Quoted.bounded("\(error)", limit: 300) }
        switch error {
        case .keyNotFound(let key, let context):
            return place(context) + "there is no \(Quoted.text(key.stringValue))"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return place(context) + Quoted.bounded(context.debugDescription, limit: 300)
        case .dataCorrupted(let context):
            let cause = context.underlyingError.map { " (\($0))" } ?? ""
            return place(context) + Quoted.bounded(context.debugDescription + cause, limit: 300)
        @unknown default:
            return Quoted.bounded("\(error)", limit: 300)
        }
    }

    /// Keys of dictionaries are the end user's too.
    private static func place(_ context: DecodingError.Context) -> String {
        guard !context.codingPath.isEmpty else { return "" }
        let path = context.codingPath.map { $0.intValue.map { "\($0)" } ?? $0.stringValue }
        return Quoted.bounded(path.joined(separator: ".")) + ": "
    }
}
