internal import NIOCore

/// A user and a password for HTTP Basic (RFC 7617). Neither is ever shown.
struct Credentials: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let user: String
    private let password: String

    /// - Parameter userinfo: `user:password` as in an address, percent-encoded.
    /// - Throws: `invalidConfiguration`, which does not quote it.
    init(userinfo: some StringProtocol) throws(ConnmixError) {
        let parts = userinfo.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        func part(_ index: Int) throws(ConnmixError) -> String {
            guard index < parts.count, let text = PercentDecoding.decode(parts[index]) else {
                throw ConnmixError(
                    .invalidConfiguration,
                    "the user and password before @ cannot be read; write user:password, special characters as %40")
            }
            guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
                throw ConnmixError(.invalidConfiguration, "the user or the password before @ has control characters")
            }
            return text
        }
        user = try part(0)
        password = try part(1)
        guard !user.isEmpty, !user.contains(":") else {
            throw ConnmixError(.invalidConfiguration, "the user before @ is empty or has a colon; HTTP Basic takes neither")
        }
    }

    /// The value of the header `Authorization`.
    var authorization: String {
        var buffer = ByteBuffer()
        buffer.writeStaticString("Basic ")
        Array("\(user):\(password)".utf8).withUnsafeBytes { buffer.writeBase64($0) }
        return String(buffer: buffer)
    }

    var description: String { "a user and a password" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: [:]) }
}
