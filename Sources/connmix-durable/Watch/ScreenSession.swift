import Glibc
import SystemPackage

/// A terminal that is drawn on again and again, and given back as it was on every way out.
///
/// Whoever makes one calls `end`; signals only raise a flag (`Interruption`), so that this is always reached. A terminal that hangs up
/// needs nothing given back.
struct ScreenSession {
    enum Style {
        /// In place of what is on the terminal, and what was there comes back. Keys are read one by one.
        case full
        /// From the cursor's line on; what is drawn last stays.
        case inPlace
    }

    enum Key: Equatable {
        case character(UInt8)
        case nothing
        /// The terminal has gone.
        case end
    }

    private let style: Style
    private let before: termios?
    private var drawnLines = 0

    init(_ style: Style) throws {
        self.style = style
        Interruption.watch()
        // UnixSignals only listens; these two are to do nothing at all.
        // The terminal went away: nothing more to say, but the loop must end in order.
        signal(SIGHUP, SIG_IGN)
        // A process that is stopped could not give the terminal back.
        signal(SIGTSTP, SIG_IGN)
        guard style == .full else {
            before = nil
            try StandardOutput().write("\u{1B}[?25l\u{1B}[?7l")
            return
        }
        var mode = termios()
        guard tcgetattr(STDIN_FILENO, &mode) == 0 else {
            throw Failure(.usage, "top needs a terminal for its keys; stdin is none")
        }
        before = mode
        // No echo, no lines, and Ctrl-C as a key like others; output is left as it is.
        mode.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG | IEXTEN)
        mode.c_iflag &= ~tcflag_t(IXON | ICRNL)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &mode)
        do {
            try StandardOutput().write("\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l\u{1B}[2J")
        } catch {
            end()
            throw error
        }
    }

    /// Gives the terminal back. May be called twice.
    func end() {
        // Whoever reads may have left.
        try? StandardOutput().write("\u{1B}[?7h\u{1B}[?25h" + (style == .full ? "\u{1B}[?1049l" : ""))
        if var before { tcsetattr(STDIN_FILENO, TCSADRAIN, &before) }
    }

    /// Draws the lines over those before. What is wider than the terminal is not seen: lines do not wrap here.
    mutating func draw(_ lines: [String]) throws {
        let height = Self.size().height
        var text = style == .full ? "\u{1B}[H" : drawnLines > 0 ? "\u{1B}[\(drawnLines)A\r" : "\r"
        // The last line of a terminal is not ended: it would scroll.
        let shown = lines.prefix(style == .full ? height : max(1, height - 1))
        for (index, line) in shown.enumerated() {
            let isLast = style == .full && index == height - 1
            // Cleared before: behind a full line the cursor stands on its last character.
            text += "\u{1B}[K" + line + (isLast ? "" : "\r\n")
        }
        if style == .inPlace || shown.count < height { text += "\u{1B}[J" }
        drawnLines = shown.count
        try StandardOutput().write(text)
    }

    /// Waits for a key.
    func key(within limit: Duration) -> Key {
        guard FileDescriptor.standardInput.isReadable(within: limit) else { return .nothing }
        return (try? FileDescriptor.standardInput.readByte()).flatMap { $0 }.map { .character($0) } ?? .end
    }

    static func size() -> (width: Int, height: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return (80, 24) }
        return (Int(size.ws_col), Int(size.ws_row))
    }
}
