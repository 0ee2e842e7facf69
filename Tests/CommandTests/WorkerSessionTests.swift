import NIOCore
import Testing

@testable import connmix_durable

@Suite("what a worker is doing")
struct WorkerSessionTests {
    private func answer(_ id: Int64) -> [UInt8] { Array("{\"id\":\(id),\"ok\":true}".utf8) }
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    /// A session that has answered so many messages, each after so long.
    private func session(
        answered count: Int, after time: TimeAmount, timeout: TimeAmount? = nil
    ) -> (WorkerSession, now: NIODeadline) {
        var session = WorkerSession(timeout: timeout)
        var now = start
        for id in 0..<Int64(count) {
            session.take(id, now: now)
            now = now + time
            let answered = session.answered(answer(id), now: now)
            #expect(answered == .finish(.done([])))
        }
        return (session, now)
    }

    @Test("a line is written ahead to a worker that was quick every time, and to no other")
    func ahead() {
        var (quick, now) = session(answered: WorkerSession.proof, after: WorkerSession.quick)
        #expect(quick.room(now: now) == .free)
        quick.take(100, now: now)
        #expect(quick.room(now: now) == .ahead)
        quick.take(101, now: now)
        #expect(quick.room(now: now) == .none)

        var (fresh, then) = session(answered: WorkerSession.proof - 1, after: WorkerSession.quick)
        fresh.take(100, now: then)
        #expect(fresh.room(now: then) == .none)
        then = then + WorkerSession.quick + .nanoseconds(1)
        let answered = fresh.answered(answer(100), now: then)
        #expect(answered == .finish(.done([])))
        fresh.take(101, now: then)
        #expect(fresh.room(now: then) == .none, "one slow answer, and it has to prove itself again")
    }

    @Test("behind a message that takes long nothing is written ahead")
    func slowHead() {
        var (session, now) = session(answered: WorkerSession.proof, after: .zero)
        session.take(100, now: now)
        #expect(session.room(now: now + WorkerSession.quick) == .ahead)
        #expect(session.room(now: now + WorkerSession.quick + .nanoseconds(1)) == .none)
    }

    @Test("answers come in order; the time of what was ahead counts from when it is the first")
    func order() {
        var (session, now) = session(answered: WorkerSession.proof, after: .zero, timeout: .seconds(5))
        #expect(session.deadline == nil)
        session.take(100, now: now)
        session.take(101, now: now)
        #expect(session.deadline == now + .seconds(5))
        let wrong = session.answered(answer(101), now: now)
        #expect(wrong == .violation("it answered message 101 while it held 100"))
        let first = session.answered(answer(100), now: now + .seconds(4))
        #expect(first == .finish(.done([])))
        #expect(session.deadline == now + .seconds(9))
        let second = session.answered(answer(101), now: now + .seconds(5))
        #expect(second == .finish(.done([])))
        let third = session.answered(answer(102), now: now + .seconds(5))
        #expect(third == .violation("it wrote a line though it held no message"))
        #expect(session.deadline == nil)
    }

    @Test("what did not reach the process leaves its place")
    func takeBack() {
        var (session, now) = session(answered: WorkerSession.proof, after: .zero)
        session.take(100, now: now)
        session.take(101, now: now)
        session.takeBack(101)
        let answered = session.answered(answer(100), now: now)
        #expect(answered == .finish(.done([])))
        session.take(102, now: now)
        session.takeBack(102)
        #expect(session.room(now: now) == .free)
    }

    @Test("one that says that it ends gets nothing more, and does not begin what was written ahead")
    func last() {
        var (session, now) = session(answered: WorkerSession.proof, after: .zero, timeout: .seconds(5))
        session.take(100, now: now)
        session.take(101, now: now)
        let answered = session.answered(Array(#"{"id":100,"ok":true,"last":true}"#.utf8), now: now)
        #expect(answered == .finish(.done([])))
        #expect(session.isLast && session.room(now: now) == .none && session.deadline == nil)
        let late = session.answered(answer(101), now: now)
        #expect(late == .violation("it wrote a line though it held no message"))
    }

    @Test(
        "what is no JSON is no answer, also where its error breaks off",
        arguments: [
            "{\"id\":1,\"ok\":false,\"error\":\"no\r,\"permanent\":true}", #"{"id":1,"ok":false,"error":"no}"#,
            #"{"id":1,"ok":false,"error":"\u12"}"#, #"{"id":1,"ok":true} {"#, #"{"id":1 "ok":true}"#,
        ])
    func noAnswers(line: String) {
        #expect(WorkerAnswer(Array(line.utf8)) == nil)
        #expect(WorkerAnswer(Array(#"{"id":1,"ok":false,"error":"no\r"}"#.utf8))?.verdict == .failed("no\r"))
    }

    @Test(
        "a failure without a reason says that there is none",
        arguments: ["", #","error":"""#, #","error":" \n""#, #","error":7"#])
    func noReason(error: String) {
        let verdict = { (more: String) in WorkerAnswer(Array(#"{"id":1,"ok":false\#(error)\#(more)}"#.utf8))?.verdict }
        #expect(verdict("") == .failed("(no reason given)"))
        #expect(verdict(#","permanent":true"#) == .permanent("(no reason given)"))
        #expect(verdict(#","retry_after":1"#) == .retry(after: .seconds(1), "(no reason given)"))
    }
}
