import TestSupport
import Testing

@testable import ConnmixDurable

@Suite("outages")
struct OutagesTests {
    private func attempt(_ error: String, _ outcome: AttemptOutcome = .failed) -> FailedAttempt {
        FailedAttempt(number: 1, outcome: outcome, startedAt: 0, endedAt: 0, error: error)
    }

    @Test(
        "so many different messages in a row that fail for one cause; a success, another cause or the same message again is none")
    func begins() {
        var outages = Outages(threshold: 3)
        #expect(outages.failed("t", entry: 1, attempt("refused 10.0.0.1"), retryAfter: .seconds(1), now: 5) == nil)
        #expect(outages.failed("t", entry: 1, attempt("refused 10.0.0.2"), retryAfter: .seconds(1), now: 5) == nil)
        #expect(outages.failed("t", entry: 2, attempt("refused 10.0.0.3"), retryAfter: .seconds(1), now: 5) == nil)
        #expect(
            outages.failed("u", entry: 3, attempt("refused 10.0.0.3"), retryAfter: .seconds(1), now: 5) == nil, "another topic")
        #expect(outages.failed("t", entry: 3, attempt("no such order"), retryAfter: .seconds(1), now: 5) == nil, "another cause")
        #expect(outages.failed("t", entry: 4, attempt("no such order"), retryAfter: .seconds(1), now: 5) == nil)
        #expect(outages.succeeded("t") == nil)
        #expect(outages.failed("t", entry: 4, attempt("no such order", .retryAsked), retryAfter: .seconds(3_600), now: 5) == nil)
        #expect(outages.failed("t", entry: 5, attempt("no such order"), retryAfter: .seconds(1), now: 5) == nil)
        #expect(outages.failed("t", entry: 6, attempt("no such order", .permanent), retryAfter: .seconds(1), now: 5) == nil)
        #expect(outages.failed("t", entry: 7, attempt("no such order", .timedOut), retryAfter: .seconds(1), now: 6) == nil)
        let began = ProbedTopic(topic: "t", cause: "no such order", since: 7)
        #expect(
            outages.failed("t", entry: 8, attempt("no such order", .retryAsked), retryAfter: .seconds(1), now: 7) == .began(began)
        )
        #expect(outages.topics == [began] && outages.contains("t") && !outages.contains("u"))
    }

    @Test("while it lasts it explains what fails alike; the pauses grow; the first success ends it")
    func lasts() {
        var generator = SeededGenerator(seed: 7)
        var outages = Outages(threshold: 2)
        _ = outages.failed("t", entry: 1, attempt("refused"), retryAfter: .seconds(1), now: 0)
        _ = outages.failed("t", entry: 2, attempt("refused"), retryAfter: .seconds(1), now: 0)
        #expect(outages.explains(attempt("refused"), of: "t"))
        #expect(!outages.explains(attempt("refused", .permanent), of: "t"))
        #expect(!outages.explains(attempt("no such order"), of: "t"))
        let pauses = (0..<40).map { _ in outages.pause("t", using: &generator) }
        #expect(pauses.first == .milliseconds(200))
        #expect(pauses.allSatisfy { $0 >= .milliseconds(100) && $0 <= .seconds(30) })
        #expect(pauses.max()! > .seconds(10))
        #expect(outages.failed("t", entry: 3, attempt("another trouble"), retryAfter: .seconds(1), now: 0) == nil)
        #expect(outages.explains(attempt("another trouble"), of: "t"), "what it fails with now")
        #expect(outages.succeeded("t") == .ended(topic: "t"))
        #expect(outages.topics.isEmpty && !outages.explains(attempt("refused"), of: "t"))
    }

    @Test("0: they are not looked for")
    func off() {
        var outages = Outages(threshold: 0)
        for id in 0..<100 as Range<Int64> {
            let change = outages.failed("t", entry: id, attempt("refused"), retryAfter: .seconds(1), now: 0)
            #expect(change == nil)
        }
        #expect(outages.topics.isEmpty)
    }
}
