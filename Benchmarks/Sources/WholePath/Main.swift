@testable import ConnmixDurable
import Glibc
import Logging
import Synchronization

/// A consumer whose handler sends one command for each message.
///
///     WholePath <messages> <center> <database> [latency] [handlers=<n>] [wait-ms=<n>] [delay-ms=<n>]
///
/// Prints the rate from the first message's arrival to the commit that marks the last command as sent, the CPU time a
/// message, in all and by thread, and the peak memory; with `latency`, how long messages took from their frame's arrival to their handler's start.
/// `handlers` run at once, each waits for `wait-ms` before it answers, and commits wait for company for `delay-ms`. A file that is
/// there already may hold finished rows: they are not counted.
@main
enum Main {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 4, let messages = Int(arguments[1]), let options = Options(arguments[4...]) else {
            return print("usage: WholePath <messages> <center> <database> [latency] [handlers=<n>] [wait-ms=<n>] [delay-ms=<n>]")
        }
        let file = DatabaseFile(path: arguments[3])
        let earlier = try Earlier(file)
        let delays = options.latency ? Delays(messages) : nil
        let handled = Atomic(0)
        let answer = String(repeating: "x", count: 200)
        var logger = Logger(label: "bench")
        logger.logLevel = .critical
        var configuration = ConsumerConfiguration(database: arguments[3], centers: [arguments[2]], topics: ["chat"])
        configuration.commitDelay = options.delay
        if let handlers = options.handlers { configuration.concurrency = handlers }
        let consumer = ConnmixConsumer(configuration: configuration, logger: logger) { message, context in
            delays?.add(Clock.now() - message.receivedAt)
            if options.wait > .zero { try await Task.sleep(for: options.wait) }
            try context.meshSend(to: message.client, answer)
            handled.add(1, ordering: .relaxed)
        }
        let running = Task { try await consumer.run() }
        while handled.load(ordering: .relaxed) < messages { try await Task.sleep(for: .milliseconds(20)) }
        while try sentCommands(file) < earlier.sent + messages { try await Task.sleep(for: .milliseconds(10)) }
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let threads = ThreadTimes()
        running.cancel()
        try await running.value
        let reader = try file.openForReading()
        let first = try reader.integer("SELECT received_at FROM journal WHERE id > \(earlier.entry) ORDER BY id LIMIT 1")
        let last = try reader.integer("SELECT max(state_at) FROM outbox WHERE id > \(earlier.command)")
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
}

private func sentCommands(_ file: DatabaseFile) throws -> Int {
    Int(try file.openForReading().integer("SELECT coalesce(max(n), 0) FROM counter WHERE ledger = 2 AND state = 8"))
}

/// What the arguments after the third ask for.
struct Options {
    var latency = false
    var handlers: Int?
    var wait = Duration.zero
    var delay = Duration.zero

    init?(_ arguments: ArraySlice<String>) {
        for argument in arguments {
            let parts = argument.split(separator: "=")
            switch (parts.first, parts.count == 2 ? Int(parts[1]) : nil) {
            case ("latency", nil): latency = true
            case ("handlers", let number?): handlers = number
            case ("wait-ms", let number?): wait = .milliseconds(number)
            case ("delay-ms", let number?): delay = .milliseconds(number)
            default: return nil
            }
        }
    }
}

/// What was in the file before.
struct Earlier {
    var sent = 0
    var entry: Int64 = 0
    var command: Int64 = 0

    init(_ file: DatabaseFile) throws {
        guard access(file.real, F_OK) == 0 else { return }
        let reader = try file.openForReading()
        sent = try sentCommands(file)
        entry = try reader.integer("SELECT coalesce(max(id), 0) FROM journal")
        command = try reader.integer("SELECT coalesce(max(id), 0) FROM outbox")
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
