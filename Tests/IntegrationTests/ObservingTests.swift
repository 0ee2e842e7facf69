import ConnmixDevEngine
import Dispatch
import FoundationEssentials
import InMemoryTracing
import MetricsTestKit
import Testing
import TestSupport
import Tracing

@testable import ConnmixDurable

@Suite("observing", .timeLimit(.minutes(1)))
struct ObservingTests {
    struct Failure: Error {}

    /// Handles four messages: two done, one at its second attempt, one dead.
    private func work(_ change: (inout ConsumerConfiguration) -> Void) async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                configuration.retry.base = .milliseconds(1)
                change(&configuration)
                let handlers = Handlers(all: { message, context in
                    switch message.text {
                    case "twice" where message.attempt == 1: throw Failure()
                    case "dead": throw HandlerError.permanent("bad")
                    default: try context.meshSend(to: message.client, message.text ?? "")
                    }
                })
                try await withConsumer(configuration, handlers: handlers) { _ in
                    let user = try await engine.connectEndUser()
                    try await user.send(contentsOf: ["one", "twice", "dead", "last"])
                    for await frame in user.frames where frame.text == "last" { break }
                    let outbox = try SharedOutbox(database: database)
                    for id in 1...3 as ClosedRange<Int64> { _ = try await outbox.answer(to: id, within: .seconds(20)) }
                }
            }
        }
    }

    @Test("metrics count what happened, and are those that the documentation names")
    func metrics() async throws {
        let metrics = TestMetrics()
        try await work { $0.metrics = metrics }
        func count(_ name: String, _ dimensions: (String, String)...) throws -> Int64 {
            try metrics.expectCounter(name, dimensions).totalValue
        }
        #expect(try count("connmix_messages_received") == 4)
        #expect(try count("connmix_messages_done") == 3)
        #expect(try count("connmix_messages_dead") == 1)
        #expect(try count("connmix_attempts_failed") == 2)
        #expect(try count("connmix_commands_enqueued") == 3)
        #expect(try count("connmix_commands_ended", ("state", "sent")) == 3)
        #expect(try metrics.expectTimer("connmix_handler_duration").values.count == 5)
        #expect(try !metrics.expectTimer("connmix_commit_duration").values.isEmpty)
        #expect(try metrics.expectGauge("connmix_nodes_consuming").values.contains(1))

        let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "docs/observing.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let documented = Set(
            text.split(separator: "\n").compactMap { line in
                line.hasPrefix("| `connmix_") ? String(line.dropFirst(3).prefix { $0 != "`" }) : nil
            })
        let made = Set(
            metrics.counters.map(\.label) + metrics.recorders.map(\.label) + metrics.timers.map(\.label)
                + metrics.meters.map(\.label))
        #expect(documented == made)
    }

    @Test("gauges of what is open follow the last change, too, when nothing comes any more")
    func gauges() async throws {
        let metrics = TestMetrics()
        func last(_ name: String) -> Double? { (try? metrics.expectGauge(name))?.lastValue }
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                configuration.metrics = metrics
                let (released, release) = AsyncStream<Void>.makeStream()
                let handlers = Handlers(all: { message, context in
                    for await _ in released {}
                    try context.meshSend(to: message.client, "answer")
                })
                try await withConsumer(configuration, handlers: handlers) { _ in
                    let user = try await engine.connectEndUser()
                    try await user.send("question")
                    while last("connmix_journal_open") != 1 { await Task.yield() }
                    release.finish()
                    for await _ in user.frames { break }
                    while last("connmix_journal_open") != 0 || last("connmix_outbox_open") != 0 { await Task.yield() }
                }
            }
        }
    }

    @Test("spans stand around attempts and sends, with the error of those that failed")
    func spans() async throws {
        let tracer = InMemoryTracer()
        try await work { $0.tracer = tracer }
        let spans = tracer.finishedSpans
        let handled = spans.filter { $0.operationName == "connmix handle" }
        #expect(handled.count == 5)
        #expect(handled.filter { $0.status?.code == .error }.count == 2)
        #expect(spans.filter { $0.operationName == "connmix send" }.count == 3)
        #expect(tracer.activeSpans.isEmpty)
    }

    /// Asks somebody else at the beginning and at the end of each span of a send.
    private struct AskingTracer: Tracer {
        let ask: @Sendable () -> Void

        func startSpan<Instant: TracerInstant>(
            _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind,
            at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
        ) -> InMemorySpan {
            let isSend = operationName == "connmix send"
            if isSend { ask() }
            return InMemorySpan(
                operationName: operationName, context: context(),
                spanContext: InMemorySpanContext(traceID: "1", spanID: "1", parentSpanID: nil), kind: kind,
                startInstant: instant()
            ) { [ask] _ in
                if isSend { ask() }
            }
        }

        func forceFlush() {}
        func extract<Carrier, Extract: Extractor>(
            _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
        ) where Extract.Carrier == Carrier {}
        func inject<Carrier, Inject: Injector>(
            _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
        ) where Inject.Carrier == Carrier {}
    }

    @Test("a tracer is called while no lock is held: the consumer says how it stands meanwhile")
    func tracerWithoutLock() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                let asked = Locked<(consumer: ConnmixConsumer?, times: Int, inVain: Int)>((nil, 0, 0))
                let thread = DispatchQueue(label: "asked")
                var configuration = testConfiguration(database, engine)
                configuration.tracer = AskingTracer {
                    guard let consumer = asked.withLock({ $0.inVain == 0 ? $0.consumer : nil }) else { return }
                    let answered = DispatchSemaphore(value: 0)
                    thread.async {
                        _ = consumer.isReady
                        answered.signal()
                    }
                    let isInVain = answered.wait(timeout: .now() + .seconds(10)) == .timedOut
                    asked.withLock {
                        $0.times += 1
                        if isInVain { $0.inVain += 1 }
                    }
                }
                try await withConsumer(configuration, handlers: echo) { consumer in
                    asked.withLock { $0.consumer = consumer }
                    let user = try await engine.connectEndUser()
                    try await user.send(contentsOf: ["one", "two"])
                    for await frame in user.frames where frame.text == "received: two" { break }
                    let outbox = try SharedOutbox(database: database)
                    for id in 1...2 as ClosedRange<Int64> { _ = try await outbox.answer(to: id, within: .seconds(20)) }
                }
                let (times, inVain) = asked.withLock { ($0.times, $0.inVain) }
                #expect(times == 4 && inVain == 0)
            }
        }
    }
}
