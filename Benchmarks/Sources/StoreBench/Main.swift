@testable import ConnmixDurable
import Dispatch
import Glibc
import NIOCore

/// The store's verbs through the writer, without the network.
///
///     StoreBench store|ingest <messages> <messages a commit> <database>
///
/// As in the consumer, one commit journals the newest batch, finishes the batch before and enqueues its commands, and marks
/// the one before that as sent.
@main
enum Main {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 5, let messages = Int(arguments[2]), let batch = Int(arguments[3]) else {
            return print("usage: StoreBench store|ingest <messages> <messages a commit> <database>")
        }
        let store = try Store(path: arguments[4])
        let start = ContinuousClock.now
        let done = DispatchSemaphore(value: 0)
        store.writer.submit(
            Step(store.writer, Work(messages: messages, batch: batch, ingestOnly: arguments[1] == "ingest"), done))
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                done.wait()
                continuation.resume()
            }
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        await store.close()
        print("rate=\(Int(Double(messages) / seconds))")
    }
}

struct Work: Sendable {
    let messages: Int
    let batch: Int
    let ingestOnly: Bool
    let topic = "chat"
    let node = "node-1"
    let clients = (0..<100).map { "\(1_463_786_910_324_359_168 + $0)" }
    let payload = ByteBuffer(repeating: UInt8(ascii: "x"), count: 200)

    func ids(from first: Int) -> Range<Int> {
        let lower = max(1, first)
        return lower..<max(lower, min(messages + 1, first + batch))
    }
}

/// One commit, and the next one once it is on disk.
final class Step: WriteOperation {
    private let writer: Writer
    private let work: Work
    private let done: DispatchSemaphore
    private let first: Int

    init(_ writer: Writer, _ work: Work, _ done: DispatchSemaphore, first: Int = 1) {
        self.writer = writer
        self.work = work
        self.done = done
        self.first = first
    }

    func prepare() {}

    func apply(_ transaction: Transaction) throws {
        let handled = work.ingestOnly ? 0..<0 : work.ids(from: first - work.batch)
        try JournalTable.finish(transaction, ids: handled.map(Int64.init))
        let entries = try NewEntries(transaction, run: 1)
        for id in work.ids(from: first) {
            try work.payload.withUnsafeReadableBytes { data in
                try entries.append(
                    id: transaction.nextID(.journal), state: .running, topic: work.topic, node: work.node,
                    client: work.clients[id % 100], clientIsNumber: false, receivedAt: transaction.now, data: data)
            }
        }
        try entries.finish()
        let commands = try NewCommands(transaction)
        for id in handled {
            let command = NewCommand(kind: .send, target: work.clients[id % 100], messageID: Int64(id), node: work.node)
            try work.payload.withUnsafeReadableBytes { _ = try commands.enqueue(command, data: $0) }
        }
        try commands.finish()
        let sent = work.ingestOnly ? 0..<0 : work.ids(from: first - 2 * work.batch)
        try OutboxTable.markSent(transaction, ids: sent.map(Int64.init))
    }

    func finish(_ result: Result<Void, any Error>) {
        if case .failure(let error) = result { fatalError("\(error)") }
        let next = first + work.batch
        let last = work.messages + (work.ingestOnly ? 0 : 2 * work.batch)
        if next <= last {
            writer.submit(Step(writer, work, done, first: next))
        } else {
            done.signal()
        }
    }
}
