import ConnmixDurable
import Glibc

/// Where output goes to: a person's terminal, or a file or program.
struct Terminal {
    /// Columns; `nil` where it is no terminal, and nothing is cut.
    let width: Int?
    let hasColour: Bool
    /// Whether it shows more than ASCII, by the locale.
    let hasUnicode: Bool

    /// What a file descriptor is.
    init(_ descriptor: Int32) {
        guard isatty(descriptor) == 1 else {
            self.init(width: nil, hasColour: false, hasUnicode: Self.localeHasUnicode)
            return
        }
        var size = winsize()
        let isKnown = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        let noColour = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
        self.init(
            width: isKnown ? Int(size.ws_col) : 80, hasColour: !noColour && !Self.isDumb,
            hasUnicode: Self.localeHasUnicode)
    }

    init(width: Int?, hasColour: Bool, hasUnicode: Bool = true) {
        self.hasUnicode = hasUnicode
        self.width = width
        self.hasColour = hasColour
    }

    /// Whether it can be drawn on: a cursor that moves.
    var canBeDrawnOn: Bool { width != nil && !Self.isDumb }

    private static let localeHasUnicode: Bool = {
        for name in ["LC_ALL", "LC_CTYPE", "LANG"] {
            // The first that is set decides, see setlocale(3).
            if let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty {
                return value.uppercased().contains("UTF")
            }
        }
        return false
    }()

    private static var isDumb: Bool { getenv("TERM").map { String(cString: $0) == "dumb" } ?? true }

    /// The lines, none wider than the terminal: what is left out leaves an ellipsis.
    func fitting(_ text: String) -> String {
        guard let width else { return text }
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { Self.cut($0, to: width) }.joined(
            separator: "\n")
    }

    /// Colours take no columns.
    private static func cut(_ line: Substring, to width: Int) -> String {
        var result = ""
        var (kept, used, isCoded, isPainted) = ("", 0, false, false)
        for character in line {
            if isCoded || character == "\u{1B}" {
                isPainted = true
                isCoded = character != "m"
                result.append(character)
                continue
            }
            used += character.displayWidth
            if used > width { return kept + "…" + (isPainted ? "\u{1B}[0m" : "") }
            result.append(character)
            if used < width { kept = result }
        }
        return result
    }

    static var output: Terminal { Terminal(STDOUT_FILENO) }
    static var error: Terminal { Terminal(STDERR_FILENO) }

    func paint(_ text: String, _ colour: Colour?) -> String {
        guard hasColour, let colour else { return text }
        return "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m"
    }
}

enum Colour: String {
    case dim = "2"
    case bold = "1"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case cyan = "36"

    /// What a state looks like, of either ledger, by its name.
    init?(state: String) {
        let colour =
            EntryState.allCases.first { $0.description == state }?.colour
            ?? CommandState.allCases.first { $0.description == state }?.colour
        guard let colour else { return nil }
        self = colour
    }
}

extension EntryState {
    /// What it looks like.
    var colour: Colour {
        switch self {
        case .pending: .yellow
        case .running: .cyan
        case .done: .green
        case .dead: .red
        case .discarded, .replayed: .dim
        }
    }
}

extension CommandState {
    /// What it looks like.
    var colour: Colour {
        switch self {
        case .pending, .expired: .yellow
        case .sent: .green
        case .dead, .unknown: .red
        case .cancelled, .superseded: .dim
        }
    }
}
