@testable import ConnmixDurable
import Dispatch
import Glibc
import Logging
import NIOCore
import Synchronization

/// Large files: a backlog that is worked off, and pruning at full speed.
///
///     LongRun fill pending|done <rows> <database> [<failed>]
///     LongRun backlog <database>
///     LongRun steady <messages> <center> <database> [prune]
///     LongRun live <center> <database>
///
/// `fill` writes rows through the library's verbs: entries that wait, or entries that are done and their commands sent, a day old; of
/// those some may have failed within the last hours, for three causes. `live` consumes until its standard input ends, and prints ten
/// times a second the time in microseconds and how many messages were handled.
/// `backlog` handles all that wait and checks each client's order. `steady` is the whole path, while every two milliseconds
/// somebody else enqueues a command and notes how long its commit took; with `prune` what is older than an hour is deleted meanwhile.
@main
enum Main {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch (arguments.first, arguments.count) {
        case ("fill", 4...5):
            guard let rows = Int(arguments[2]), let failed = Int(arguments.count == 5 ? arguments[4] : "0") else { break }
            return try await fill(isDone: arguments[1] == "done", rows, failed: failed, arguments[3])
        case ("backlog", 2):
            return try await backlog(arguments[1])
        case ("steady", 4...5):
            guard let messages = Int(arguments[1]) else { break }
            return try await steady(messages, arguments[2], arguments[3], prunes: arguments.count == 5)
        case ("live", 3):
            return try await live(arguments[1], arguments[2])
        default: break
        }
        print("usage: LongRun fill|backlog|steady|live, see its source")
    }

    static let clients = 10_000

    private static func fill(isDone: Bool, _ rows: Int, failed: Int, _ database: String) async throws {
        let store = try Store(path: database)
        let payload = ByteBuffer(repeating: UInt8(ascii: "1"), count: 200)
        let dayOld = Clock.now() - 86_400_000_000
        for start in stride(from: 0, to: rows, by: 10_000) {
            try await store.writer.write { transaction in
                let numbers = start..<min(rows, start + 10_000)
                var ids: [Int64] = []
                for number in numbers {
                    let id = try transaction.nextID(.journal)
                    ids.append(id)
                    try payload.withUnsafeReadableBytes { data in
                        try JournalTable.append(
                            transaction, id: id, state: isDone ? .running : .pending, run: 1, topic: "chat", node: "n",
                            client: "\(1_463_786_910_324_359_168 + number % clients)", clientIsNumber: false,
                            receivedAt: dayOld, data: data)
                    }
                }
                guard isDone else { return }
                if failed > 0 {
                    for id in ids where id % Int64(rows / failed) == 0 {
                        let time = transaction.now - Int64.random(in: 0..<10_000_000_000)
                        let error = "\(["order 4711 is not found", "no answer within 3 seconds", "no such user: 17"][Int(id) / 7 % 3])"
                        let attempt = FailedAttempt(number: 1, outcome: .failed, startedAt: time, endedAt: time, error: error)
                        try JournalTable.bury(transaction, id: id, attempt: attempt, run: 1)
                    }
                    ids.removeAll { $0 % Int64(rows / failed) == 0 }
                }
                try JournalTable.finish(transaction, ids: ids)
                var commands: [Int64] = []
                for id in ids {
                    let command = NewCommand(kind: .send, target: "\(id)", messageID: id, node: "n")
                    commands.append(
                        try payload.withUnsafeReadableBytes { try OutboxTable.enqueue(transaction, command, data: $0) })
                }
                try OutboxTable.markSent(transaction, ids: commands)
                try transaction.connection.execute(
                    """
                    UPDATE journal SET state_at = \(dayOld) WHERE id >= \(ids[0]) AND state = 8;
                    UPDATE outbox SET state_at = \(dayOld) WHERE id >= \(commands[0])
                    """)
            }
        }
        await store.close()
    }

    private static func backlog(_ database: String) async throws {
        let total = Int(try DatabaseFile(path: database).openForReading().integer(count(.journal, 2)))
        let handled = Atomic(0)
        let order = Mutex([String: Int64]())
        let violations = Atomic(0)
        var configuration = ConsumerConfiguration(database: database, centers: ["127.0.0.1:9"], topics: ["chat"])
        configuration.directoryRefresh = .seconds(60)
        let consumer = ConnmixConsumer(configuration: configuration, logger: quiet) { message, _ in
            let isInOrder = order.withLock { order in
                defer { order[message.client.text] = message.id }
                return order[message.client.text, default: 0] < message.id
            }
            if !isInOrder { violations.add(1, ordering: .relaxed) }
            handled.add(1, ordering: .relaxed)
        }
        let start = ContinuousClock.now
        let running = Task { try await consumer.run() }
        while handled.load(ordering: .relaxed) < total { try await Task.sleep(for: .milliseconds(20)) }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        running.cancel()
        try await running.value
        let left = try DatabaseFile(path: database).openForReading().integer("SELECT count(*) FROM journal WHERE state < 8")
        print(
            "rate=\(Int(Double(total) / seconds)) rss_mib=\(peakMiB()) left=\(left) out_of_order=\(violations.load(ordering: .relaxed))"
        )
    }

    private static func steady(_ messages: Int, _ center: String, _ database: String, prunes: Bool) async throws {
        let reader = try DatabaseFile(path: database).openForReading()
        let before = try reader.integer(count(.journal, 8))
        let handled = Atomic(0)
        let answer = String(repeating: "x", count: 200)
        var configuration = ConsumerConfiguration(database: database, centers: [center], topics: ["chat"])
        if prunes { configuration.retention.age = .seconds(3_600) }
        let consumer = ConnmixConsumer(configuration: configuration, logger: quiet) { message, context in
            try context.meshSend(to: message.client, answer)
            handled.add(1, ordering: .relaxed)
        }
        let running = Task { try await consumer.run() }
        while handled.load(ordering: .relaxed) < messages / 20 { try await Task.sleep(for: .milliseconds(5)) }
        let start = ContinuousClock.now
        let first = handled.load(ordering: .relaxed)
        var delays: [Int64] = []
        while handled.load(ordering: .relaxed) < messages {
            let began = Clock.now()
            try await consumer.outbox.meshPublish(to: "nobody", "x")
            delays.append(Clock.now() - began)
            try await Task.sleep(for: .milliseconds(2))
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        running.cancel()
        try await running.value
        delays.sort()
        let after = try reader.integer(count(.journal, 8))
        let rate = Int(Double(messages - first) / seconds)
        print(
            "rate=\(rate) commit_p50_us=\(delays[delays.count / 2]) commit_p99_us=\(delays[delays.count * 99 / 100])"
                + " commit_max_us=\(delays[delays.count - 1]) pruned=\(before + Int64(messages) - after) rss_mib=\(peakMiB())")
    }

    private static func live(_ center: String, _ database: String) async throws {
        let handled = Atomic(0)
        let answer = String(repeating: "x", count: 200)
        let configuration = ConsumerConfiguration(database: database, centers: [center], topics: ["chat"])
        let consumer = ConnmixConsumer(configuration: configuration, logger: quiet) { message, context in
            try context.meshSend(to: message.client, answer)
            handled.add(1, ordering: .relaxed)
        }
        let running = Task { try await consumer.run() }
        // Threads of their own: those that handlers run on are busy.
        let ticking = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "ticks"))
        ticking.setEventHandler {
            // Past the buffers: flushing them waits for whoever reads.
            let line = "\(Clock.now()) \(handled.load(ordering: .relaxed))\n"
            _ = line.utf8.withContiguousStorageIfAvailable { write(1, $0.baseAddress, $0.count) }
        }
        ticking.schedule(deadline: .now(), repeating: .milliseconds(100))
        ticking.activate()
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "input").async {
                while readLine() != nil {}
                continuation.resume()
            }
        }
        ticking.cancel()
        running.cancel()
        try await running.value
    }

    private static var quiet: Logger {
        var logger = Logger(label: "bench")
        logger.logLevel = .critical
        return logger
    }

    private static func count(_ ledger: Ledger, _ state: Int) -> String {
        "SELECT coalesce(max(n), 0) FROM counter WHERE ledger = \(ledger.rawValue) AND state = \(state)"
    }

    private static func peakMiB() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Int(usage.ru_maxrss) / 1_024
    }
}
