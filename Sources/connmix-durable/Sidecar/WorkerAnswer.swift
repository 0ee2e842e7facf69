import ConnmixDurable

/// A worker's answer to one message: `{"id":1,"ok":true,"commands":[...]}`.
struct WorkerAnswer: Sendable, Equatable {
    enum Verdict: Sendable, Equatable {
        case done([Command])
        case failed(String)
        case permanent(String)
        case retry(after: Duration, String)
    }

    /// Failures are grouped and looked for by their reason: one without any would be an empty line.
    private static let noReason = "(no reason given)"

    let id: Int64
    let verdict: Verdict
    /// The worker ends after this one.
    let isLast: Bool

    /// - Parameter anyMethod: whether commands may have names that connmix is not known to have.
    /// - Returns: `nil` where the line is no answer, and the worker cannot be trusted any more.
    init?(_ line: [UInt8], anyMethod: Bool = false) {
        var id: Int64?
        var isOK: Bool?
        var error: String?
        var isPermanent = false
        var isLast = false
        var retryAfter: Double?
        var commands: [[UInt8]] = []
        let isRead = line.withUnsafeBufferPointer { bytes in
            guard (try? UTF8Span(validating: bytes.span)) != nil else { return false }
            var scanner = JSONScanner(bytes)
            let isObject = scanner.object { key, escaped, scanner in
                let name = scanner.text((key, escaped))
                if name == "commands" { return Self.elements(&scanner, bytes, &commands) }
                if name == "error", scanner.peek() == UInt8(ascii: "\"") {
                    guard let text = scanner.string() else { return false }
                    error = scanner.text(text)
                    return true
                }
                guard let place = scanner.value() else { return false }
                let raw = scanner.raw(place)
                switch name {
                case "id": id = scanner.integer(place)
                case "ok": isOK = raw == "true" ? true : raw == "false" ? false : nil
                case "permanent": isPermanent = raw == "true"
                case "last": isLast = raw == "true"
                case "retry_after": retryAfter = Double(raw)
                default: break
                }
                return true
            }
            return isObject && scanner.peek() == 0 && scanner.isAtEnd
        }
        guard isRead, let id, let isOK else { return nil }
        self.id = id
        self.isLast = isLast
        let reason = error.map { $0.allSatisfy(\.isWhitespace) } ?? true ? Self.noReason : error ?? Self.noReason
        if isOK {
            verdict = Self.done(commands, anyMethod)
        } else if isPermanent {
            verdict = .permanent(reason)
        } else if let retryAfter, retryAfter >= 0, retryAfter <= 1e7 {
            verdict = .retry(after: .microseconds(Int64(retryAfter * 1e6)), reason)
        } else {
            verdict = .failed(reason)
        }
    }

    /// Bad commands fail the message; the worker itself keeps to the protocol.
    private static func done(_ lines: [[UInt8]], _ anyMethod: Bool) -> Verdict {
        var commands: [Command] = []
        for (index, line) in lines.enumerated() {
            do {
                commands.append(try Command(wire: line, anyMethod: anyMethod))
            } catch {
                return .failed("command \(index + 1) of the worker's answer is no valid request: \(error.message)")
            }
        }
        return .done(commands)
    }

    private static func elements(
        _ scanner: inout JSONScanner, _ bytes: UnsafeBufferPointer<UInt8>, _ elements: inout [[UInt8]]
    ) -> Bool {
        if scanner.peek() == UInt8(ascii: "n") { return scanner.value() != nil }
        guard scanner.consume(UInt8(ascii: "[")) else { return false }
        if scanner.consume(UInt8(ascii: "]")) { return true }
        repeat {
            guard let place = scanner.value() else { return false }
            elements.append(Array(bytes[place]))
        } while scanner.consume(UInt8(ascii: ","))
        return scanner.consume(UInt8(ascii: "]"))
    }
}
