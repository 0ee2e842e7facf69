/// What a run was, and what was found.
public struct Report: Sendable {
    public let seed: UInt64
    /// Two runs with one digest did the same.
    public let digest: UInt64
    public let events: Int
    public let simulatedMicroseconds: Int64
    /// Of the processor.
    public let processorNanoseconds: Int64
    public let violations: [String]
    /// What was planned to go wrong.
    public let faults: [Fault]
    /// How often each promise was looked at.
    public let checks: [String: Int]
    /// What occurred.
    public let sights: [String: Int]
    public let messages: Int
    public let handled: Int
    public let commands: Int
    /// On the simulated disk.
    public let operations: Int
    /// How often the consumer was started.
    public let lives: Int
    /// Dead processes that could not be brought to their end, and stay in memory.
    public let unended: Int
}

/// Of many runs.
public struct Total: Sendable {
    public private(set) var runs = 0
    public private(set) var events = 0
    public private(set) var simulatedMicroseconds: Int64 = 0
    public private(set) var processorNanoseconds: Int64 = 0
    public private(set) var messages = 0
    public private(set) var handled = 0
    public private(set) var commands = 0
    public private(set) var operations = 0
    public private(set) var lives = 0
    public private(set) var unended = 0
    public private(set) var checks: [String: Int] = [:]
    public private(set) var sights: [String: Int] = [:]
    public private(set) var failed: [Report] = []

    public init() {}

    public mutating func add(_ report: Report) {
        runs += 1
        events += report.events
        simulatedMicroseconds += report.simulatedMicroseconds
        processorNanoseconds += report.processorNanoseconds
        messages += report.messages
        handled += report.handled
        commands += report.commands
        operations += report.operations
        lives += report.lives
        unended += report.unended
        checks.merge(report.checks) { $0 + $1 }
        sights.merge(report.sights) { $0 + $1 }
        if !report.violations.isEmpty { failed.append(report) }
    }

    public var hours: Double { Double(simulatedMicroseconds) / 3_600_000_000 }
    public var hoursPerMinute: Double { processorNanoseconds == 0 ? 0 : hours / (Double(processorNanoseconds) / 60_000_000_000) }

    var processorTenths: Double { Double(processorNanoseconds / 100_000_000) / 10 }

    public var text: String {
        func line(_ name: String, _ value: Int) -> String {
            "  " + name + String(repeating: " ", count: max(1, 44 - name.count)) + "\(value)\n"
        }
        func tenths(_ value: Double) -> String { "\(Double(Int(value * 10)) / 10)" }
        var text =
            "\(runs) runs, \(tenths(hours)) simulated hours in \(processorTenths) s of the processor (\(tenths(hoursPerMinute)) hours a minute), \(failed.count) failed\n"
        text += "what happened\n" + line("events", events) + line("messages sent by end users", messages)
        text += line("handlers called", handled) + line("commands committed", commands)
        text += line("operations on the simulated disk", operations) + line("lives of the consumer", lives)
        if unended > 0 { text += line("dead processes that stay in memory", unended) }
        for sight in EngineRecord.Sight.allCases { text += line(sight.rawValue, sights[sight.rawValue] ?? 0) }
        text += "promises, and how often each was looked at\n"
        for (promise, count) in checks.sorted(by: { $0.key < $1.key }) { text += line(promise, count) }
        return text
    }
}
