import Glibc
import UnixSignals

/// The signals that ask this program to stop.
enum StopSignals {
    /// Under `nohup` the end of the terminal is to be survived.
    static let hangupStops: Bool = {
        // UnixSignals does not say what a signal does by itself.
        var action = sigaction()
        sigaction(SIGHUP, nil, &action)
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) != unsafeBitCast(SIG_IGN, to: Int.self)
    }()

    static var all: [UnixSignal] { [.sigterm, .sigint] + (hangupStops ? [.sighup] : []) }

    /// Whoever stops a process may say so twice at once: timeout(1) signals its child, and then the child's group. Only what comes later
    /// than this is a second signal.
    static let echo = Duration.milliseconds(500)

    /// Returns with the second signal. A terminal that goes may say so twice: further hangups are none.
    static func second() async {
        var first: ContinuousClock.Instant?
        for await signal in await UnixSignalsSequence(trapping: all) {
            let now = ContinuousClock.now
            guard let begun = first else {
                first = now
                continue
            }
            if signal != .sighup, now - begun >= echo { return }
        }
    }

    /// Returns with the first signal.
    static func first() async {
        for await _ in await UnixSignalsSequence(trapping: all) { return }
    }
}
