import Glibc

/// What callers of `--listen` have to name.
struct ListenToken: Sendable {
    private let bytes: [UInt8]

    static let sizes = 16...4_096

    init?(_ text: String) {
        guard Self.sizes.contains(text.utf8.count), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        bytes = Array(text.utf8)
    }

    /// - Parameter flag: of the command line, that names the file.
    /// - Throws: `Failure` where the file cannot be read, or holds none.
    static func read(_ path: String, flag: String) throws -> ListenToken {
        let text: [UInt8]
        do {
            text = try InputFile.read(path, limit: 8_192)
        } catch let failure as Failure where failure.exit == .noDatabase {
            // What it names is no data to work on: a start without it makes no sense, and another one will not either.
            throw Failure(.usage, "\(failure.message); \(flag) names a file that holds the token")
        }
        let line = String(decoding: text, as: UTF8.self).trimmed
        guard let token = ListenToken(line) else {
            throw Failure(
                .badData,
                "\(path) holds no token: one line of \(sizes.lowerBound) to \(sizes.upperBound) letters, digits and signs; make one with: openssl rand -hex 32"
            )
        }
        return token
    }

    /// - Parameter header: the request's `Authorization`, where there is one.
    /// - Returns: why the caller is not served; `nil` where it names the token. Takes as long for a wrong one as for the right one.
    func problem(in header: String?) -> String? {
        let given = Array((header ?? "").utf8)
        let scheme = Array("bearer ".utf8)
        guard given.count > scheme.count, zip(given, scheme).allSatisfy({ $0 | 0x20 == $1 | 0x20 }) else {
            return "name the token: Authorization: Bearer TOKEN"
        }
        return isSame(given.dropFirst(scheme.count)) ? nil : "the token is wrong; take the one that this server was started with"
    }

    private func isSame(_ given: ArraySlice<UInt8>) -> Bool {
        guard given.count == bytes.count else { return false }
        var difference: UInt8 = 0
        for (left, right) in zip(given, bytes) { difference |= left ^ right }
        return difference == 0
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = self[...]
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text.drop(while: \.isWhitespace))
    }
}
