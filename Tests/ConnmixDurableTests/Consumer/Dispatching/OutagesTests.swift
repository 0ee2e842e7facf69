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
        #expect(outages.failed("t", entry: 1, attempt("refused 10.0.0.1"), now: 5) == nil)
        #expect(outages.failed("t", entry: 1, attempt("refused 10.0.0.2"), now: 5) == nil)
        #expect(outages.failed("t", entry: 2, attempt("refused 10.0.0.3"), now: 5) == nil)
        #expect(
            outages.failed("u", entry: 3, attempt("refused 10.0.0.3"), now: 5) == nil, "another topic")
        #expect(outages.failed("t", entry: 3, attempt("no such order"), now: 5) == nil, "another cause")
        #expect(outages.failed("t", entry: 4, attempt("no such order"), now: 5) == nil)
        #expect(outages.succeeded("t") == nil)
        #expect(outages.failed("t", entry: 5, attempt("no such order"), now: 5) == nil)
        #expect(outages.failed("t", entry: 7, attempt("no such order", .timedOut), now: 6) == nil)
        let began = ProbedTopic(topic: "t", cause: "no such order", since: 7)
        #expect(
            outages.failed("t", entry: 8, attempt("no such order", .retryAsked), now: 7) == .began(began)
        )
        #expect(outages.topics == [began] && outages.contains("t") && !outages.contains("u"))
    }

    @Test("while it lasts the pauses grow; the first success ends it")
    func lasts() {
        var generator = SeededGenerator(seed: 7)
        var outages = Outages(threshold: 2)
        _ = outages.failed("t", entry: 1, attempt("refused"), now: 0)
        _ = outages.failed("t", entry: 2, attempt("refused"), now: 0)
        let pauses = (0..<40).map { _ in outages.pause("t", using: &generator) }
        #expect(pauses.first == .milliseconds(200))
        #expect(pauses.allSatisfy { $0 >= .milliseconds(100) && $0 <= .seconds(30) })
        #expect(pauses.max()! > .seconds(10))
        #expect(outages.failed("t", entry: 3, attempt("another trouble"), now: 0) == nil)
        #expect(outages.topics.map(\.cause) == ["another trouble"], "what it fails with now")
        #expect(outages.succeeded("t") == .ended(topic: "t"))
        #expect(outages.topics.isEmpty)
    }

    @Test("0: they are not looked for")
    func off() {
        var outages = Outages(threshold: 0)
        for id in 0..<100 as Range<Int64> {
            let change = outages.failed("t", entry: id, attempt("refused"), now: 0)
            #expect(change == nil)
        }
        #expect(outages.topics.isEmpty)
    }

    @Test("what is the message's own fault, or asks for a long pause, is no sign of one")
    func ownFault() {
        #expect(!Outages.mayBeOne(attempt("no such order", .permanent), retryAfter: nil))
        #expect(!Outages.mayBeOne(attempt("later", .retryAsked), retryAfter: .seconds(31)))
        #expect(Outages.mayBeOne(attempt("soon", .retryAsked), retryAfter: .seconds(30)))
        #expect(Outages.mayBeOne(attempt("soon", .retryAsked), retryAfter: nil), "its last attempt")
        for outcome in [AttemptOutcome.failed, .timedOut, .crashed] {
            #expect(Outages.mayBeOne(attempt("x", outcome), retryAfter: nil))
        }
    }
}
