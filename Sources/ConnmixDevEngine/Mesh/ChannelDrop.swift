import NIOCore
import NIOPosix

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

extension Channel {
    /// Closes at once; with `reset` the peer gets a RST instead of an orderly end.
    func drop(reset: Bool) {
        if reset, let socket = self as? any SocketOptionProvider {
            _ = socket.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        }
        // Below TLS, which would say goodbye and wait for an answer.
        if let socket = try? self.pipeline.syncOperations.context(handlerType: Valve.self) {
            socket.close(promise: nil)
        } else {
            self.close(promise: nil)
        }
    }
}

/// Milliseconds since 1970.
func wallClockMilliseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return UInt64(max(0, time.tv_sec)) * 1000 + UInt64(time.tv_nsec / 1_000_000)
}

extension TimeAmount {
    /// Between nothing and a year, so that no sum with a deadline overflows.
    init(bounded duration: Duration) {
        self.init(max(.zero, min(duration, .seconds(365 * 86_400))))
    }
}
