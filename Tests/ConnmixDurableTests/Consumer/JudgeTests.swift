import TestSupport
import Testing

@testable import ConnmixDurable

@Suite("the judge")
struct JudgeTests {
    private struct Odd: Error, CustomStringConvertible { let description: String }

    private enum Verdict: Equatable {
        case retry(after: Duration)
        case dead
    }

    private func judge(_ change: (inout Judge) -> Void = { _ in }) -> Judge {
        var policy = RetryPolicy()
        policy.maxAttempts = 3
        policy.base = .milliseconds(200)
        var judge = Judge(policy: policy)
        change(&judge)
        return judge
    }

    private func verdict(
        _ judge: Judge, _ error: any Error, attempt number: Int = 1
    ) throws -> (verdict: Verdict, attempt: FailedAttempt) {
        var random = SeededGenerator(seed: 1)
        switch judge.verdict(on: error, topic: "chat", attempt: number, startedAt: 5, now: 9, using: &random) {
        case .retry(let attempt, let pause): return (.retry(after: pause), attempt)
        case .dead(let attempt): return (.dead, attempt)
        case .done, .parked, .released: throw Odd(description: "no verdict on a failure")
        }
    }

    @Test("any error is a failed attempt, kept with its words and times, and retried by the policy")
    func failed() throws {
        let (first, attempt) = try verdict(judge(), Odd(description: "no table"))
        #expect(first == .retry(after: .milliseconds(200)))
        #expect(attempt.number == 1 && attempt.outcome == .failed)
        #expect(attempt.startedAt == 5 && attempt.endedAt == 9)
        #expect(attempt.error == "no table")
    }

    @Test("the last attempt of the policy buries")
    func last() throws {
        guard case .retry = try verdict(judge(), Odd(description: ""), attempt: 2).verdict else {
            return #expect(Bool(false), "two of three")
        }
        #expect(try verdict(judge(), Odd(description: ""), attempt: 3).verdict == .dead)
        let asked = HandlerError.retry(after: .seconds(1), reason: "later")
        #expect(try verdict(judge(), asked, attempt: 3).verdict == .dead, "asking does not make more of them")
    }

    @Test("what a handler says: permanent is dead at once, a pause is kept, a timeout is one")
    func said() throws {
        let (permanent, why) = try verdict(judge(), HandlerError.permanent("no such order"))
        #expect(permanent == .dead)
        #expect(why.outcome == .permanent && why.error == "no such order")
        let (asked, reason) = try verdict(judge(), HandlerError.retry(after: .seconds(90), reason: "later"))
        #expect(asked == .retry(after: .seconds(90)))
        #expect(reason.outcome == .retryAsked && reason.error == "later")
        let (tooLate, limit) = try verdict(judge(), HandlerError.timedOut(after: .seconds(3)))
        #expect(tooLate == .retry(after: .milliseconds(200)))
        #expect(limit.outcome == .timedOut && limit.error == "the attempt took longer than 3 s")
    }

    @Test("a pause that was asked for is no shorter than none and no longer than a year")
    func pauses() throws {
        for (asked, kept) in [(-5, 0), (400 * 86_400, 365 * 86_400)] {
            let error = HandlerError.retry(after: .seconds(asked), reason: "")
            #expect(try verdict(judge(), error).verdict == .retry(after: .seconds(kept)))
        }
    }

    @Test("an error may have a policy of its own")
    func policyForError() throws {
        let picky = judge { judge in
            judge.policyForError = { error in
                guard error is Odd else { return nil }
                var policy = RetryPolicy()
                policy.maxAttempts = 1
                return policy
            }
        }
        #expect(try verdict(picky, Odd(description: "")).verdict == .dead)
        #expect(try verdict(picky, HandlerError.timedOut(after: .zero)).verdict == .retry(after: .milliseconds(200)))
    }

    @Test("long words are bounded")
    func bounded() throws {
        let attempt = try verdict(judge(), Odd(description: String(repeating: "x", count: 1 << 20))).attempt
        #expect(attempt.error.utf8.count < 1 << 16)
    }

    @Test("P8: what the disk kept a handler from reading is tried again, however often it was tried")
    func disk() {
        let judge = Judge(policy: RetryPolicy())
        let result = judge.waitOut(ConnmixError(.inputOutput, "the disk"), attempt: 1_000_000, startedAt: 1, now: 2)
        guard case .retry(let attempt, let pause) = result else { return #expect(Bool(false), "\(result)") }
        #expect(attempt.error == "the disk")
        #expect(pause >= .seconds(1))
    }
}
