import Testing

@testable import connmix_durable

@Suite("what the end of a worker means")
struct WorkerEndTests {
    private func end(
        clean: Bool = false, answers: Int = 0, last: Bool = false, fault: WorkerEnd.Fault? = nil,
        message: WorkerEnd.Message = .read, lived: Duration = .seconds(1)
    ) -> WorkerEnd {
        WorkerEnd(isClean: clean, answers: answers, saidLast: last, fault: fault, message: message, lived: lived)
    }

    @Test("one that answers and ends well is replaced at once; one that never answers makes everybody wait")
    func manner() {
        #expect(end(clean: true, answers: 1).manner == .expected)
        #expect(end(answers: 1, last: true).manner == .expected, "it ends as it likes once it has said so")
        #expect(end(answers: 1).manner == .fault)
        #expect(end(clean: true, answers: 1, fault: .improper).manner == .fault)
        #expect(end(clean: true).manner == .useless)
        #expect(end().manner == .useless)
        #expect(end(fault: .improper).manner == .useless)
        #expect(end(message: .none).manner == .useless)
        #expect(end(lived: .seconds(60)).manner == .fault)
        #expect(end(fault: .late, message: .unread, lived: .seconds(60)).manner == .useless, "it hangs before it reads")
    }

    @Test("a line that was not read is no attempt; one that was read is one, unless the worker ended well after others")
    func held() {
        #expect(end(message: .unread).held == .untouched)
        #expect(end(answers: 5).held == .failed)
        #expect(end(clean: true, answers: 5).held == .returned)
        #expect(end(answers: 5, message: .unread).held == .untouched)
        #expect(
            end(answers: 5, fault: .improper, message: .unread).held == .failed, "it had its time, or answered something else")
        #expect(end(lived: .seconds(60)).held == .failed)
    }

    @Test("of a worker that has never answered the program may be to blame")
    func never() {
        #expect(end().held == .doubtful)
        #expect(end(clean: true).held == .doubtful)
        #expect(end(fault: .improper).held == .doubtful)
        #expect(end(fault: .improper, message: .unread).held == .untouched, "a banner, an error of its interpreter")
        #expect(end(fault: .late).held == .failed, "the message had its time")
        #expect(end(fault: .late, message: .unread).held == .untouched)
    }

    @Test("one that ends well before it has read anything does not loop over its input")
    func neverRead() {
        #expect(end(clean: true, message: .none).neverRead)
        #expect(end(clean: true, message: .unread).neverRead)
        #expect(!end(clean: true).neverRead)
        #expect(!end(clean: true, answers: 1, message: .none).neverRead)
        #expect(!end(message: .none).neverRead, "it failed, and says how")
        #expect(!end(clean: true, fault: .improper, message: .none).neverRead)
    }

    @Test("what was read is told by what is left in the pipe")
    func message() {
        #expect(WorkerEnd.Message(size: 0, unread: 0) == .none)
        #expect(WorkerEnd.Message(size: 100, unread: 100) == .unread)
        #expect(WorkerEnd.Message(size: 100, unread: 99) == .read)
        #expect(WorkerEnd.Message(size: 100, unread: nil) == .read)
    }

    @Test("one message that ends every worker pays for it; where different ones do nobody pays")
    func blame() {
        var one = Blame()
        let single = [one.fell(1, mayWait: true), one.fell(1, mayWait: false), one.fell(1, mayWait: false)]
        #expect(single == [true, false, false])
        var many = Blame()
        let different = [many.fell(1, mayWait: true), many.fell(2, mayWait: true), many.fell(1, mayWait: false)]
        #expect(different == [true, true, true])
        #expect(many.isOfProgram)
        many.failed(2)
        let alone = many.fell(1, mayWait: false)
        #expect(!alone, "the other one waits no more")
    }

    @Test("a program that has answered something is not what a message is to blame for")
    func proven() {
        var blame = Blame()
        #expect(blame.isOfProgram)
        blame.answered()
        let first = blame.fell(1, mayWait: true)
        #expect(!first && !blame.isOfProgram)
        let second = blame.fell(2, mayWait: true)
        #expect(!second && blame.isOfProgram, "shown, since nothing is answered; paid all the same")
        blame.answered()
        #expect(!blame.isOfProgram)
    }
}
