@testable import ConnmixDurable
import Glibc
import Logging
import Synchronization

/// A consumer whose handler sends one command for each message.
///
///     WholePath <messages> <center> <database> [latency]
///
/// Prints the rate from the first message's arrival to the commit that marks the last command as sent, the CPU time a
/// message, in all and by thread, and the peak memory; with `latency`, how long messages took from their frame's arrival to their handler's start.
@main
enum Main {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 4, let messages = Int(arguments[1]) else {
            return print("usage: WholePath <messages> <center> <database> [latency]")
        }
        let delays = arguments.count > 4 ? Delays(messages) : nil
        let handled = Atomic(0)
        let answer = String(repeating: "x", count: 200)
        var logger = Logger(label: "bench")
        logger.logLevel = .critical
        let configuration = ConsumerConfiguration(database: arguments[3], centers: [arguments[2]], topics: ["chat"])
        let consumer = ConnmixConsumer(configuration: configuration, logger: logger) { message, context in
            delays?.add(Clock.now() - message.receivedAt)
            try context.meshSend(to: message.client, answer)
            handled.add(1, ordering: .relaxed)
        }
        let running = Task { try await consumer.run() }
        while handled.load(ordering: .relaxed) < messages { try await Task.sleep(for: .milliseconds(20)) }
        let file = DatabaseFile(path: arguments[3])
        while try await sent(file) < messages { try await Task.sleep(for: .milliseconds(10)) }
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let threads = ThreadTimes()
        running.cancel()
        try await running.value
        let reader = try file.openForReading()
        let first = try reader.integer("SELECT received_at FROM journal ORDER BY id LIMIT 1")
        let last = try reader.integer("SELECT max(state_at) FROM outbox")
        let rate = Double(messages) * 1e6 / Double(last - first)
        let cpu = usage.ru_utime.microseconds + usage.ru_stime.microseconds
        func aMessage(_ microseconds: Int) -> String {
            let tenths = microseconds * 10 / messages
            return "\(tenths / 10).\(tenths % 10)"
        }
        print(
            "rate=\(Int(rate)) cpu_us=\(aMessage(cpu)) writer_us=\(aMessage(threads.writer)) loop_us=\(aMessage(threads.loop))",
            "rest_us=\(aMessage(threads.rest)) rss_mib=\(usage.ru_maxrss / 1_024)\(delays?.summary ?? "")")
    }

    private static func sent(_ file: DatabaseFile) async throws -> Int {
        Int(try file.openForReading().integer("SELECT coalesce(max(n), 0) FROM counter WHERE ledger = 2 AND state = 8"))
    }
}

/// Delays of messages, in microseconds.
final class Delays: Sendable {
    private let all: Mutex<[Int64]>

    init(_ count: Int) {
        var empty: [Int64] = []
        empty.reserveCapacity(count)
        all = Mutex(empty)
    }

    func add(_ delay: Int64) { all.withLock { $0.append(delay) } }

    var summary: String {
        let sorted = all.withLock { $0.sorted() }
        func at(_ part: Double) -> Int64 { sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))] }
        return " p50_us=\(at(0.5)) p99_us=\(at(0.99)) max_us=\(at(1))"
    }
}

extension timeval {
    var microseconds: Int { Int(tv_sec) * 1_000_000 + Int(tv_usec) }
}
