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

    /// Returns with the second signal. A terminal that goes may say so twice: further hangups are none.
    static func second() async {
        await come { count, signal in count > 0 && signal != .sighup }
    }

    /// Returns with the first signal.
    static func first() async {
        await come { _, _ in true }
    }

    private static func come(_ isIt: (_ before: Int, UnixSignal) -> Bool) async {
        var count = 0
        for await signal in await UnixSignalsSequence(trapping: all) {
            if isIt(count, signal) { return }
            count += 1
        }
    }
}
