import Testing

@testable import connmix_durable

@Suite("what the end of a worker means")
struct WorkerEndTests {
    private func end(
        clean: Bool = false, answers: Int = 0, last: Bool = false, fault: Bool = false, lived: Duration = .seconds(1)
    ) -> WorkerEnd {
        WorkerEnd(isClean: clean, answers: answers, saidLast: last, hasFault: fault, lived: lived)
    }

    @Test("one that answers and ends well is replaced at once; one that never answers makes everybody wait")
    func manner() {
        #expect(end(clean: true, answers: 1).manner == .expected)
        #expect(end(answers: 1, last: true).manner == .expected, "it ends as it likes once it has said so")
        #expect(end(answers: 1).manner == .fault)
        #expect(end(clean: true, answers: 1, fault: true).manner == .fault)
        #expect(end(clean: true).manner == .useless)
        #expect(end().manner == .useless)
        #expect(end(fault: true).manner == .useless)
        #expect(end(lived: .seconds(60)).manner == .fault)
    }

    @Test("a line that was not read is no attempt; one that was read is one, unless the worker ended well after others")
    func held() {
        #expect(end().held(size: 100, unread: 100) == .untouched)
        #expect(end().held(size: 100, unread: 99) == .failed)
        #expect(end().held(size: 100, unread: nil) == .failed)
        #expect(end(answers: 5).held(size: 100, unread: 0) == .failed)
        #expect(end(clean: true, answers: 5).held(size: 100, unread: 0) == .returned)
        #expect(end(clean: true).held(size: 100, unread: 0) == .failed)
        #expect(end(fault: true).held(size: 100, unread: 100) == .failed, "it had its time, or answered something else")
    }
}
