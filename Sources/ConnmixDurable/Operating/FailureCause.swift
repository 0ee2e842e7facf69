/// Messages or commands that failed in the same way.
public struct FailureCause: Sendable, Equatable {
    /// The error with its numbers made equal.
    public let name: String
    /// How many messages, or commands, failed so last.
    public internal(set) var messages = 0
    /// How many of them are dead now; of commands: are given up, whether dead, expired or unknown.
    public internal(set) var dead = 0
    /// How many attempts failed so.
    public internal(set) var attempts = 0
    /// Microseconds since 1970, UTC; as all times here.
    public internal(set) var firstSeen: Int64
    /// When the newest of these failures was.
    public internal(set) var lastSeen: Int64
    /// The message that failed so most recently.
    public internal(set) var example: Int64
    /// The error of the example, to the letter.
    public internal(set) var error: String

    /// A short name of the cause, for ``JournalFilter/cause`` and ``OutboxFilter/cause``: the same for the same `name`, in every file and version.
    public var id: String { Self.id(ofName: name) }

    /// An error without what is different each time: runs of digits, and long words of hexadecimal digits, become `#`. Everything that
    /// names causes names them so.
    public static func name(of error: String) -> String {
        CauseName.of(error)
    }

    /// The `id` of the cause that an error belongs to.
    public static func id(of error: String) -> String { text(of: number(of: CauseName.bytes(of: error))) }

    static func id(ofName name: String) -> String { text(of: number(of: name.utf8)) }
}

// MARK: Short ids

extension FailureCause {
    private static let digits = 8

    /// FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/), folded to 32 bits: of a thousand causes two have the same in one of 8,000
    /// files.
    private static func number(of name: some Sequence<UInt8>) -> UInt32 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return UInt32(truncatingIfNeeded: hash ^ (hash >> 32))
    }

    private static func text(of number: UInt32) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: digits - text.utf8.count) + text
    }

    /// As `cause_id` gives it.
    ///
    /// - Throws: `badData` where it is no id of a cause.
    static func number(ofID id: String) throws(ConnmixError) -> Int64 {
        guard id.utf8.count == digits, id.utf8.allSatisfy(CauseName.isHex), let number = UInt32(id, radix: 16) else {
            throw ConnmixError(.badData, "\(id.bounded(toBytes: 80)) is no id of a cause; take one that causes names")
        }
        return Int64(number)
    }

    /// Lets statements of the connection ask for the cause of an error: `cause_id(last_error)`.
    static func define(on connection: Connection) throws(ConnmixError) {
        try connection.define("cause_id") { error in Int64(number(of: CauseName.bytes(of: error))) }
    }
}
