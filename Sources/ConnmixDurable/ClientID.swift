/// An end user's connection, named by the engine and unique in the mesh.
///
/// connmix documents client ids as text of digits, but some engines and scripts put them on the wire as JSON
/// numbers above 2^53. Both are kept as text; an id that arrived as a number goes back as a number.
///
/// ```swift
/// try context.meshSend(to: "1463786910324359168", "hello")
/// ```
public struct ClientID: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The id as text, exactly as the engine wrote it.
    public let text: String
    /// Whether the id is written to the wire as a JSON number.
    public let isNumber: Bool

    /// Names a client by text. This is the documented form.
    public init(_ text: String) {
        self.init(text, isNumber: false)
    }

    /// Names a client by a literal, as `init(_:)` does by text.
    public init(stringLiteral value: String) {
        self.init(value)
    }

    /// - Parameter isNumber: honoured only where `text` is an integer, so that nothing else can reach the wire bare.
    init(_ text: String, isNumber: Bool) {
        self.text = text
        self.isNumber = isNumber && Self.isInteger(text)
    }

    /// The same as `text`. Whether it is a number on the wire is not in it.
    public var description: String { text }

    private static func isInteger(_ text: String) -> Bool {
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        guard let first = digits.first, digits.count <= 40 else { return false }
        guard first != UInt8(ascii: "0") || digits.count == 1 else { return false }
        return digits.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    }
}
