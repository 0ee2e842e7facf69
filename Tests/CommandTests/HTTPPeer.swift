import Glibc
import Testing

/// A plain connection that speaks HTTP by hand, and what no client should send.
final class HTTPPeer {
    struct Response: Equatable {
        var status = 0
        var headers: [String: String] = [:]
        var body = ""
    }

    private let file: Int32
    private var unread: [UInt8] = []

    /// - Returns: `nil` where nobody listens.
    init?(port: Int) {
        file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard result == 0 else { return nil }
    }

    deinit { close(file) }

    /// A descriptor that keeps the connection open without it.
    func copy() -> Int32 { dup(file) }

    /// - Returns: whether all of it was taken.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Glibc.send(file, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Sends a request and reads its answer; the connection stays.
    func post(
        _ path: String, _ body: String, method: String = "POST", host: String = "x", headers: [String] = []
    ) throws -> Response {
        let lines = ["\(method) \(path) HTTP/1.1", "Host: \(host)", "Content-Length: \(body.utf8.count)"] + headers
        send(Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8))
        return try #require(readResponse())
    }

    /// - Returns: `nil` where the other side closed.
    func readResponse() -> Response? {
        let end = Array("\r\n\r\n".utf8)
        guard let head = readUntil({ bytes in bytes.indices.first { bytes[$0...].starts(with: end) }.map { $0 + 4 } }) else {
            return nil
        }
        var response = Response()
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        response.status = lines.first.flatMap { Int($0.split(separator: " ").dropFirst().first ?? "") } ?? 0
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            response.headers[parts[0].lowercased()] = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
        }
        let length = response.headers["content-length"].flatMap { Int($0) } ?? 0
        guard let body = readUntil({ $0.count >= length ? length : nil }) else { return nil }
        response.body = String(decoding: body, as: UTF8.self)
        return response
    }

    /// Whether the other side closes, within the time limit of a read.
    func isClosed() -> Bool {
        var byte: UInt8 = 0
        return recv(file, &byte, 1, 0) <= 0 && errno != EAGAIN
    }

    private func readUntil(_ end: ([UInt8]) -> Int?) -> [UInt8]? {
        while true {
            if let count = end(unread) {
                defer { unread.removeFirst(count) }
                return Array(unread[..<count])
            }
            var piece = [UInt8](repeating: 0, count: 65_536)
            let count = recv(file, &piece, piece.count, 0)
            guard count > 0 else { return nil }
            unread += piece[..<count]
        }
    }
}
