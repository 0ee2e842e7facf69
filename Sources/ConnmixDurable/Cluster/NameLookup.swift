internal import Glibc
internal import NIOCore
internal import NIOPosix

/// Looks names up on threads of its own, since `getaddrinfo` blocks for as long as a DNS server likes.
///
/// NIO's own resolver has one queue an event loop, and a name that hangs holds up all others there. Here names do not wait for each
/// other, up to the number of threads; a name that hangs holds one thread, however many ask for it; and each of them waits within its
/// own time limit, since the call itself cannot be ended.
final class NameLookup: Sendable {
    /// Blocks until it knows. The port is zero.
    typealias Resolve = @Sendable (_ host: String) throws -> [SocketAddress]

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private typealias Waiter = EventLoopPromise<[SocketAddress]>

    private struct State {
        /// Who waits for which name; a name that is there is being looked up.
        var waiters: [String: [Int: Waiter]] = [:]
        var lastWaiter = 0
    }

    /// Lives as long as the process, as the threads do.
    static let shared = NameLookup()
    /// More than a cluster has names that hang at once; they cost little while they sleep.
    static let threads = 16

    private let resolve: Resolve
    private let pool = NIOThreadPool(numberOfThreads: threads)
    private let state = Locked(State())

    init(resolve: @escaping Resolve = NameLookup.ask) {
        self.resolve = resolve
        pool.start()
    }

    /// - Returns: what the name stands for, in the order in which to try. The future fails with a `Failure` when the time is over.
    func addresses(of host: String, within limit: TimeAmount, on loop: any EventLoop) -> EventLoopFuture<[SocketAddress]> {
        let waiter = loop.makePromise(of: [SocketAddress].self)
        let (number, isFirst) = state.withLock { state in
            state.lastWaiter += 1
            let isFirst = state.waiters[host] == nil
            state.waiters[host, default: [:]][state.lastWaiter] = waiter
            return (state.lastWaiter, isFirst)
        }
        let timer = loop.scheduleTask(in: limit) {}
        // When the time is over, and when the loop ends: nobody may come back to it then.
        timer.futureResult.whenComplete { _ in
            let waiter = self.state.withLock { $0.waiters[host]?.removeValue(forKey: number) }
            waiter?.fail(Failure(description: "the look-up of the name \(Quoted.text(host)) has not ended in time"))
        }
        if isFirst {
            pool.submit { _ in
                let result = Result { try self.resolve(host) }
                let waiters = self.state.withLock { $0.waiters.removeValue(forKey: host) }
                for waiter in (waiters ?? [:]).values { waiter.completeWith(result) }
            }
        }
        return waiter.futureResult.always { _ in timer.cancel() }
    }

    private static func ask(_ host: String) throws -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_protocol = Int32(IPPROTO_TCP)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        guard code == 0 else {
            let reason = code == EAI_SYSTEM ? strerror(errno) : gai_strerror(code).map { UnsafeMutablePointer(mutating: $0) }
            throw Failure(
                description:
                    "the name \(Quoted.text(host)) is not known (\(reason.map { String(cString: $0) } ?? "error \(code)"))")
        }
        defer { freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var next = list
        while let entry = next?.pointee {
            if let address = entry.ai_addr {
                switch entry.ai_family {
                case AF_INET:
                    found.append(
                        address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { SocketAddress($0.pointee, host: host) })
                case AF_INET6:
                    found.append(
                        address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { SocketAddress($0.pointee, host: host) })
                default: break
                }
            }
            next = entry.ai_next
        }
        return found
    }
}
