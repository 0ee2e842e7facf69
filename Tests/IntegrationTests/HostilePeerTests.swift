import ConnmixDevEngine
import FoundationEssentials
import Synchronization
import Testing
import TestSupport

@testable import ConnmixDurable

/// Peers that send without end, or never what they promise: bounded in memory, time and descriptors, and nobody else waits.
///
/// `CONNMIX_HOSTILE=all` meets all of them; otherwise some, each of its own kind.
@Suite("P7, P9, P12: hostile peers", .timeLimit(.minutes(2)), .serialized)
struct HostilePeerTests {
    private static let isWhole = ProcessInfo.processInfo.environment["CONNMIX_HOSTILE"] == "all"

    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var first: String
        var endlessly = ""
        var says: String

        /// It is left when its time is over; of the others something else is said, however slow this machine is.
        var isAfterTime: Bool { says.isEmpty || says.contains("500 ms") }
    }

    static let centers: [Case] = [
        Case(
            testDescription: "promises 4 GB and sends them", first: "HTTP/1.1 200 OK\r\nContent-Length: 4294967296\r\n\r\n",
            endlessly: String(repeating: " ", count: 1_024), says: "more than 4194304 bytes"),
        Case(
            testDescription: "promises more bytes than a number holds",
            first: "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
            endlessly: "x", says: "does not speak HTTP"),
        Case(
            testDescription: "promises 4 GB and sends nothing", first: "HTTP/1.1 200 OK\r\nContent-Length: 4294967296\r\n\r\n",
            says: "did not answer within 500 ms"),
        Case(
            testDescription: "headers without end", first: "HTTP/1.1 200 OK\r\n", endlessly: "X-Header: value\r\n",
            says: "does not speak HTTP"),
        Case(
            testDescription: "a header line without an end", first: "HTTP/1.1 200 OK\r\nX: ", endlessly: "xxxxxxxxxxxxxxxx",
            says: "does not speak HTTP"),
        Case(
            testDescription: "a status line without an end", first: "HTTP/1.1 200 ", endlessly: "O",
            says: "did not answer within 500 ms"),
        Case(
            testDescription: "chunks without end", first: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            endlessly: "400\r\n\(String(repeating: " ", count: 1_024))\r\n", says: "more than 4194304 bytes"),
        Case(
            testDescription: "chunks of a byte without end", first: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            endlessly: "1\r\n \r\n", says: ""),
        Case(
            testDescription: "a chunk's extension without end", first: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;",
            endlessly: "aaaaaaaa", says: ""),
        Case(
            testDescription: "says to go on without end", first: "HTTP/1.1 100 Continue\r\n\r\n",
            endlessly: "HTTP/1.1 100 Continue\r\n\r\n", says: ""),
        Case(
            testDescription: "leads to itself again and again",
            first: "HTTP/1.1 302 Found\r\nLocation: /version\r\nContent-Length: 0\r\n\r\n", says: "status 302"),
        Case(
            testDescription: "lines of nonsense without end", first: "220 mail\r\n", endlessly: "no\r\n",
            says: "does not speak HTTP"),
    ]

    @Test(
        "a center that never ends its answer is left in time, costs little, and holds up nobody",
        arguments: isWhole ? centers : [centers[0], centers[3], centers[6], centers[10]])
    func center(_ center: Case) async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                try await Flood.with(Array(center.first.utf8), endlessly: Array(center.endlessly.utf8)) { flood in
                    var configuration = testConfiguration(database, engine)
                    configuration.centers = ["127.0.0.1:\(flood.port)"]
                    configuration.connectTimeout = center.isAfterTime ? .milliseconds(500) : .seconds(5)
                    configuration.directoryRefresh = .milliseconds(100)
                    let before = try OwnProcess()
                    try await withConsumer(configuration, handlers: echo) { consumer in
                        let trouble = await consumer.events.trouble()
                        #expect(trouble?.contains(center.says) == true, "\(trouble ?? "")")
                        #expect((trouble?.utf8.count ?? 0) < 1_000)
                        // Asked again and again, and each time it costs the same.
                        try await eventually { flood.connections >= 4 }
                        let now = try OwnProcess()
                        #expect(now.memory - before.memory < 200 << 20, "\((now.memory - before.memory) >> 20) MiB")
                        #expect(now.descriptors - before.descriptors < 40, "\(now.descriptors - before.descriptors) descriptors")
                    }
                    configuration.centers.append(engine.center)
                    // The next center names the node.
                    try await withConsumer(configuration, handlers: echo) { _ in try await expectAnswer(engine) }
                    // One question is one connection: nothing is followed, and nothing goes round.
                    #expect(flood.connections < 100)
                }
            }
        }
    }

    struct NodeCase: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var endlessly: [UInt8]
        /// Why the connection ends; `nil` where it need not.
        var ends: String?
        /// How much is taken from it, at the least.
        var bytes = 256 << 10
    }

    /// Of less than 126 bytes.
    private static func text(_ text: String) -> [UInt8] { [0x81, UInt8(text.utf8.count)] + Array(text.utf8) }

    static let nodes: [NodeCase] = [
        NodeCase(testDescription: "pings", endlessly: [0x89, 125] + Array(repeating: 0x70, count: 125), bytes: 4 << 20),
        NodeCase(testDescription: "pings with nothing in them", endlessly: [0x89, 0]),
        NodeCase(testDescription: "pongs", endlessly: [0x8A, 0]),
        NodeCase(testDescription: "answers that nobody asked for", endlessly: text(#"{"E":null,"r":{"s":true},"i":77777}"#)),
        NodeCase(testDescription: "errors that nobody asked for", endlessly: text(#"{"E":{"c":301,"m":"no"},"r":null,"i":5}"#)),
        NodeCase(testDescription: "events of an unknown name", endlessly: text(#"{"e":"queue.push","p":{},"id":null}"#)),
        NodeCase(testDescription: "what is no JSON", endlessly: text("\u{1B}[2J no")),
        NodeCase(testDescription: "empty frames", endlessly: [0x81, 0]),
        NodeCase(
            testDescription: "fragments without an end",
            endlessly: [0x00, 126, 0x04, 0x00] + Array(repeating: 0x20, count: 1_024),
            ends: "a message in more than 65536 fragments"),
        NodeCase(
            testDescription: "large fragments without an end",
            endlessly: [0x00, 127, 0, 0, 0, 0, 0, 1, 0, 0] + Array(repeating: 0x20, count: 65_536),
            ends: "a message of more than 67108864 bytes"),
        NodeCase(
            testDescription: "fragments with nothing in them", endlessly: [0x00, 0],
            ends: "a message in more than 65536 fragments", bytes: 1 << 16),
    ]

    @Test(
        "a node that floods is taken in bounded memory or left, and its neighbour is served",
        arguments: isWhole ? nodes : [nodes[0], nodes[3], nodes[9]])
    func node(_ hostile: NodeCase) async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                let good = engine.nodes[0]
                let popped = Self.text(#"{"E":null,"r":{"s":true},"i":1}"#) + (hostile.ends == nil ? [] : [0x01, 0])
                try await RawNode.with(writing: popped, endlessly: hostile.endlessly) { node in
                    let entries = [("flood", "127.0.0.1:\(node.port)"), (good.id, good.api)].map { id, address in
                        #"{"id":"\#(id)","api_server":"\#(address)"}"#
                    }
                    try await engine.setCenter(.body(#"{"nodes":[\#(entries.joined(separator: ","))]}"#))
                    let before = try OwnProcess()
                    try await withConsumer(testConfiguration(database, engine), handlers: echo) { consumer in
                        if let ends = hostile.ends {
                            let reason = await consumer.events.find { event in
                                if case .nodeDisconnected(_, let reason, clean: false) = event { reason } else { nil }
                            }
                            #expect(reason?.contains(ends) == true, "\(reason ?? "")")
                        }
                        try await eventually {
                            node.flooded.bytes.load(ordering: .relaxed) >= (hostile.ends == nil ? hostile.bytes : 0)
                        }
                        for _ in 0..<3 { try await expectAnswer(engine, node: good.id) }
                        let now = try OwnProcess()
                        #expect(now.memory - before.memory < 300 << 20, "\((now.memory - before.memory) >> 20) MiB")
                        #expect(now.descriptors - before.descriptors < 40, "\(now.descriptors - before.descriptors) descriptors")
                    }
                    // A dead entry stands for each message that was too large.
                    let counts = try LedgerCounts(database)
                    #expect(counts.done == 3 && counts.entries == 3 + counts.dead && (counts.dead > 0) == (hostile.ends != nil))
                }
            }
        }
    }

    private func eventually(_ holds: () -> Bool) async throws {
        while !holds() { try await Task.sleep(for: .milliseconds(5)) }
    }
}

/// What this process takes of the machine.
private struct OwnProcess {
    /// Nothing under Address Sanitizer.
    let memory: Int
    let descriptors: Int

    init() throws {
        let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        memory = AddressSanitizer.isHere ? 0 : (Int(pages[1]) ?? 0) * 4_096
        descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }
}
