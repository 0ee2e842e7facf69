import Glibc
import NIOCore
import Testing

@testable import connmix_durable

@Suite("the metrics port under strain", .timeLimit(.minutes(1)))
struct MetricsServerTests {
    /// A plain socket, to do what no client should.
    private final class Peer {
        private let file: Int32

        init(port: Int) throws {
            file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var limit = timeval(tv_sec: 20, tv_usec: 0)
            setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(port).bigEndian
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            let result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            try #require(result == 0)
        }

        deinit { close(file) }

        /// - Returns: whether all of it was taken.
        @discardableResult
        func send(_ text: String) -> Bool {
            let bytes = Array(text.utf8)
            return Glibc.send(file, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
        }

        /// All there is until the other side closes.
        func readToEnd() -> String {
            var all: [UInt8] = []
            var piece = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = recv(file, &piece, piece.count, 0)
                guard count > 0 else { return String(decoding: all, as: UTF8.self) }
                all += piece[..<count]
            }
        }
    }

    private func withServer(
        patience: TimeAmount = MetricsServer.patience, body answer: String = "ok\n", _ body: (Int) throws -> Void
    ) async throws {
        let address = try #require(MetricsAddress(argument: "127.0.0.1:0"))
        let server = try await MetricsServer.start(address, patience: patience) { _ in .init(body: answer) }
        do {
            try body(try #require(server.address.split(separator: ":").last.flatMap { Int($0) }))
        } catch {
            try await server.stop()
            throw error
        }
        try await server.stop()
    }

    @Test("connections that only sit there do not keep a health check away: the oldest makes room")
    func idle() async throws {
        try await withServer { port in
            var idle: [Peer] = []
            for _ in 0..<(2 * MetricsServer.connectionLimit) {
                let peer = try Peer(port: port)
                peer.send("GET /health HTTP/1.1\r\nHost: ")
                idle.append(peer)
            }
            let check = try Peer(port: port)
            check.send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(check.readToEnd().hasSuffix("ok\n"))
            // The oldest was closed, the newest is still heard.
            #expect(idle[0].readToEnd() == "")
            let newest = try #require(idle.last)
            newest.send("x\r\n\r\n")
            #expect(newest.readToEnd().hasSuffix("ok\n"))
        }
    }

    @Test("a head that never ends is bounded in time and in size")
    func endless() async throws {
        try await withServer(patience: .milliseconds(300)) { port in
            let slow = try Peer(port: port)
            slow.send("GET /health HTTP/1.1\r\nX: ")
            #expect(slow.readToEnd() == "")
        }
        try await withServer { port in
            let large = try Peer(port: port)
            large.send("GET /health HTTP/1.1\r\n")
            var isTaken = true
            for _ in 0..<1_000 where isTaken { isTaken = large.send("X-Y: \(String(repeating: "z", count: 4_096))\r\n") }
            #expect(!isTaken)
            let body = try Peer(port: port)
            body.send("POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
            isTaken = true
            for _ in 0..<10_000 where isTaken { isTaken = body.send(String(repeating: "z", count: 65_536)) }
            #expect(!isTaken)
        }
    }

    @Test("an answer that nobody reads is given up, and does not keep a health check away meanwhile")
    func unread() async throws {
        let large = String(repeating: "m", count: 32 << 20)
        try await withServer(patience: .seconds(1), body: large) { port in
            let deaf = try Peer(port: port)
            deaf.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            let check = try Peer(port: port)
            check.send("HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(check.readToEnd().hasPrefix("HTTP/1.1 200"))
            // One that came later was given up: so was the first. What is left is what the kernel held.
            #expect(try Peer(port: port).readToEnd() == "")
            #expect(deaf.readToEnd().utf8.count < large.utf8.count)
        }
    }

    @Test("which one goes: the oldest that has not asked, else the oldest")
    func order() {
        var open = OpenConnections<Int>(limit: 3)
        #expect([1, 2, 3].map { open.enter($0) } == [nil, nil, nil])
        open.asked(1)
        #expect(open.enter(4) == 2)
        #expect(open.enter(5) == 3)
        open.asked(4)
        open.asked(5)
        #expect(open.enter(6) == 1)
        open.leave(6)
        open.leave(6)
        #expect(open.enter(7) == nil)
        #expect(open.count == 3)
    }
}
