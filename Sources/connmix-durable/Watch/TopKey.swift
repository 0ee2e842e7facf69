/// A key as `top` knows it.
enum TopKey: Equatable {
    case up, down, left, right
    case pageUp, pageDown, home, end
    case enter, escape
    /// Ctrl-C.
    case interrupt
    case character(Character)
}

/// Makes keys of a terminal's bytes: an arrow is several of them. Pure.
struct KeyDecoder {
    private static let escape: UInt8 = 0x1B
    /// No sequence that is meant here is longer; what is longer is dropped.
    private static let limit = 16

    private var sequence: [UInt8] = []

    /// Whether more bytes may belong to what has come so far.
    var isOpen: Bool { !sequence.isEmpty }

    /// - Returns: the key that the byte completes.
    mutating func byte(_ byte: UInt8) -> TopKey? {
        guard isOpen else {
            guard byte == Self.escape else { return Self.plain(byte) }
            sequence = [byte]
            return nil
        }
        // Escape twice is that key; what follows the second may be another sequence.
        if byte == Self.escape {
            sequence = [byte]
            return .escape
        }
        sequence.append(byte)
        if sequence.count == 2 {
            guard byte != UInt8(ascii: "["), byte != UInt8(ascii: "O") else { return nil }
            // With Alt: as without.
            sequence = []
            return Self.plain(byte)
        }
        // A sequence ends with a byte from @ on (ECMA-48, 5.4).
        guard (0x40...0x7E).contains(byte) || sequence.count > Self.limit else { return nil }
        defer { sequence = [] }
        return Self.key(sequence)
    }

    /// Nothing has followed for a while: what has come so far was all of it.
    mutating func pause() -> TopKey? {
        defer { sequence = [] }
        return sequence == [Self.escape] ? .escape : nil
    }

    private static func plain(_ byte: UInt8) -> TopKey? {
        switch byte {
        case 3: .interrupt
        case 0x0A, 0x0D: .enter
        case 0x20...0x7E: .character(Character(Unicode.Scalar(byte)))
        default: nil
        }
    }

    private static func key(_ sequence: [UInt8]) -> TopKey? {
        switch String(decoding: sequence.dropFirst(2), as: UTF8.self) {
        case "A": .up
        case "B": .down
        case "C": .right
        case "D": .left
        case "H", "1~", "7~": .home
        case "F", "4~", "8~": .end
        case "5~": .pageUp
        case "6~": .pageDown
        case "M" where sequence[1] == UInt8(ascii: "O"): .enter
        default: nil
        }
    }
}
