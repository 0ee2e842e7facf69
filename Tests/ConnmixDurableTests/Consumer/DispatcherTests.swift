import NIOCore
import Testing

@testable import ConnmixDurable

@Suite("the dispatcher")
struct DispatcherTests {
    private func delivery(
        _ client: String, isClaimed: Bool = true, availableAt: Int64 = 0, isSuspect: Bool = false
    ) -> Delivery {
        Delivery(
            topic: "t", node: "n", client: ClientID(client), data: ByteBuffer(), receivedAt: 0, attempts: 1,
            availableAt: availableAt, isClaimed: isClaimed, isSuspect: isSuspect)
    }

    private func make(_ deliveries: [Delivery], concurrency: Int = 10) -> Dispatcher {
        var dispatcher = Dispatcher(concurrency: concurrency, windowCapacity: 100)
        for (index, delivery) in deliveries.enumerated() {
            _ = dispatcher.window.load(Int64(index + 1), keys: delivery.keys, delivery)
            dispatcher.window.confirm(Int64(index + 1))
        }
        dispatcher.window.passEnded()
        return dispatcher
    }

    @Test("P5: one message of a client at a time, in order; the lane opens with the commit")
    func lanes() {
        var dispatcher = make([delivery("a"), delivery("a"), delivery("b")])
        #expect(dispatcher.nextJob(now: 0)?.id == 1)
        #expect(dispatcher.nextJob(now: 0)?.id == 3)
        #expect(dispatcher.nextJob(now: 0) == nil)
        dispatcher.ended(1, isCertain: false)
        #expect(dispatcher.nextJob(now: 0) == nil)
        dispatcher.settled(1)
        #expect(dispatcher.nextJob(now: 0)?.id == 2)
    }

    @Test("P5: after a success the lane goes on at once: outcomes are committed in the order they came")
    func pipelining() {
        var dispatcher = make([delivery("a"), delivery("a")])
        #expect(dispatcher.nextJob(now: 0)?.id == 1)
        dispatcher.ended(1, isCertain: true)
        #expect(dispatcher.nextJob(now: 0)?.id == 2)
        #expect(!dispatcher.isQuiet)
        dispatcher.settled(1)
        dispatcher.ended(2, isCertain: true)
        dispatcher.settled(2)
        #expect(dispatcher.isQuiet)
    }

    @Test("no more than `concurrency` at once")
    func concurrency() {
        var dispatcher = make((0..<5).map { delivery("\($0)") }, concurrency: 2)
        #expect(dispatcher.nextJob(now: 0) != nil)
        #expect(dispatcher.nextJob(now: 0) != nil)
        #expect(dispatcher.nextJob(now: 0) == nil)
        dispatcher.ended(1, isCertain: false)
        #expect(dispatcher.nextJob(now: 0)?.id == 3)
    }

    @Test("a retry waits with its lane, is claimed again, and counts the attempt")
    func retry() {
        var dispatcher = make([delivery("a"), delivery("a")])
        _ = dispatcher.nextJob(now: 0)
        dispatcher.ended(1, isCertain: false)
        dispatcher.retry(1, at: 100)
        #expect(dispatcher.nextDeadline == 100)
        dispatcher.tick(now: 99)
        #expect(dispatcher.nextJob(now: 99) == nil)
        dispatcher.tick(now: 100)
        #expect(dispatcher.nextJob(now: 100) == nil)
        let claims = dispatcher.takeClaims()
        #expect(claims.together == [1])
        #expect(dispatcher.claimed(claims) == nil)
        let job = dispatcher.nextJob(now: 100)
        #expect(job?.id == 1)
        #expect(job?.delivery.attempts == 2)
    }

    @Test("P6: a suspect runs alone")
    func suspects() {
        var dispatcher = make([
            delivery("a"), delivery("b", isClaimed: false, isSuspect: true), delivery("c"),
            delivery("d", isClaimed: false, isSuspect: true),
        ])
        #expect(dispatcher.nextJob(now: 0)?.id == 1)
        #expect(dispatcher.nextJob(now: 0) == nil)  // 2 is next, and 1 still runs
        #expect(!dispatcher.hasClaims)
        dispatcher.ended(1, isCertain: false)
        #expect(dispatcher.hasClaims)
        let claims = dispatcher.takeClaims()
        #expect(claims.together == [])
        #expect(claims.alone == 2)
        #expect(dispatcher.nextJob(now: 0) == nil)
        #expect(dispatcher.claimed(claims)?.id == 2)
        dispatcher.settled(1)
        #expect(dispatcher.nextJob(now: 0) == nil)  // still alone
        dispatcher.ended(2, isCertain: false)
        #expect(dispatcher.nextJob(now: 0) == nil)  // until its outcome is committed
        dispatcher.settled(2)
        #expect(dispatcher.nextJob(now: 0)?.id == 3)
        #expect(dispatcher.nextJob(now: 0) == nil)
        dispatcher.ended(3, isCertain: false)
        #expect(dispatcher.takeClaims().alone == 4)
    }

    @Test("claims that could not be committed are made again")
    func failedClaims() {
        var dispatcher = make([delivery("a", isClaimed: false, isSuspect: true)])
        #expect(dispatcher.nextJob(now: 0) == nil)
        let claims = dispatcher.takeClaims()
        #expect(!dispatcher.hasClaims)
        dispatcher.putBack(claims)
        #expect(dispatcher.takeClaims().alone == 1)
    }

    @Test("a waiting entry that was put aside gives its lane free; its old time means nothing")
    func dropped() {
        var dispatcher = make([delivery("a", isClaimed: false, availableAt: 100), delivery("a")])
        #expect(dispatcher.nextJob(now: 0) == nil)
        #expect(dispatcher.unclaimed == [1])
        dispatcher.drop(1)
        dispatcher.drop(2)  // claimed: nobody else can have changed it
        #expect(dispatcher.nextJob(now: 0)?.id == 2)
        dispatcher.tick(now: 100)
        #expect(dispatcher.nextJob(now: 100) == nil)
        #expect(!dispatcher.hasClaims)
    }

    @Test("a waiting entry whose time was changed is claimed once, at its new time")
    func refreshed() {
        var dispatcher = make([delivery("a", isClaimed: false, availableAt: 100)])
        #expect(dispatcher.nextJob(now: 0) == nil)
        dispatcher.refresh(1, attempts: 0, availableAt: 40)
        #expect(dispatcher.nextDeadline == 40)
        dispatcher.tick(now: 40)
        #expect(dispatcher.nextJob(now: 40) == nil)
        #expect(dispatcher.hasClaims)
        dispatcher.tick(now: 100)
        #expect(dispatcher.nextJob(now: 100) == nil)
        let claims = dispatcher.takeClaims()
        #expect(claims.together == [1])
        dispatcher.refresh(1, attempts: 0, availableAt: 30)
        dispatcher.tick(now: 100)
        #expect(dispatcher.nextJob(now: 100) == nil)
        #expect(!dispatcher.hasClaims)  // its claim is on its way
        #expect(dispatcher.claimed(claims) == nil)
        #expect(dispatcher.nextJob(now: 100)?.delivery.attempts == 1)
        #expect(dispatcher.nextJob(now: 100) == nil)
    }

    @Test("P2: a claim that found its entry put aside is given up, the others hold")
    func lostClaims() {
        var dispatcher = make([
            delivery("a", isClaimed: false), delivery("a", isClaimed: false), delivery("b", isClaimed: false),
        ])
        #expect(dispatcher.nextJob(now: 0) == nil)
        let claims = dispatcher.takeClaims()
        #expect(claims.together == [1, 3])
        #expect(dispatcher.claimed(claims, lost: [1]) == nil)
        #expect(dispatcher.nextJob(now: 0)?.id == 3)
        #expect(dispatcher.nextJob(now: 0) == nil)
        #expect(dispatcher.takeClaims().together == [2])
    }

    @Test("P2: an entry that was put aside before its claim was made is claimed when it comes back")
    func comesBack() {
        var dispatcher = make([delivery("a", isClaimed: false)])
        #expect(dispatcher.nextJob(now: 0) == nil)
        #expect(dispatcher.hasClaims)
        dispatcher.drop(1)
        #expect(!dispatcher.hasClaims)
        let back = delivery("a", isClaimed: false)
        dispatcher.window.lookAgain(above: 0)
        #expect(dispatcher.window.load(1, keys: back.keys, back) == .taken)
        dispatcher.window.confirm(1)
        #expect(dispatcher.nextJob(now: 0) == nil)
        #expect(dispatcher.takeClaims().together == [1])
    }

    @Test("P6: a suspect that was put aside lets the others go on, whenever that is noticed")
    func lostSuspect() {
        for moment in 0..<4 {
            var dispatcher = make([delivery("a", isClaimed: false, isSuspect: true), delivery("b")])
            if moment > 0 { #expect(dispatcher.nextJob(now: 0) == nil) }
            if moment < 2 {
                dispatcher.drop(1)
                #expect(dispatcher.nextJob(now: 0)?.id == 2)
                #expect(!dispatcher.hasClaims)
                continue
            }
            let claims = dispatcher.takeClaims()
            #expect(claims.alone == 1)
            if moment == 2 {
                #expect(dispatcher.claimed(claims, lost: [1]) == nil)
            } else {
                dispatcher.drop(1)
                dispatcher.putBack(claims)  // that commit failed
            }
            #expect(dispatcher.nextJob(now: 0)?.id == 2)
            #expect(!dispatcher.hasClaims)
        }
    }

    @Test("stopping names what is claimed and was not started")
    func stop() {
        var dispatcher = make(
            [delivery("a"), delivery("a"), delivery("b"), delivery("c", isClaimed: false, availableAt: 50)], concurrency: 1)
        #expect(dispatcher.nextJob(now: 0)?.id == 1)
        #expect(dispatcher.stop() == [2, 3])
        #expect(dispatcher.nextJob(now: 100) == nil)
        #expect(!dispatcher.isQuiet)
        dispatcher.ended(1, isCertain: false)
        #expect(!dispatcher.isQuiet)
        dispatcher.settled(1)
        #expect(dispatcher.isQuiet)
    }
}

@Suite("the dispatcher at its stop")
struct DispatcherStopTests {
    private func delivery(_ client: String, isClaimed: Bool, isSuspect: Bool = false) -> Delivery {
        Delivery(
            topic: "t", node: "n", client: ClientID(client), data: ByteBuffer(), receivedAt: 0, attempts: 1,
            availableAt: 0, isClaimed: isClaimed, isSuspect: isSuspect)
    }

    @Test("P2: what is not committed yet is not released, but when its commit comes")
    func unconfirmed() {
        var dispatcher = Dispatcher(concurrency: 1, windowCapacity: 100)
        dispatcher.window.passEnded()
        let claimed = delivery("a", isClaimed: true)
        _ = dispatcher.window.append(1, keys: claimed.keys, claimed)
        #expect(dispatcher.stop() == [])
        dispatcher.window.confirm(1)
        #expect(dispatcher.startable([1]) == [1])
    }

    @Test("P5: behind an interrupted handler nothing starts, neither before nor after its release is committed")
    func interrupted() {
        var dispatcher = Dispatcher(concurrency: 2, windowCapacity: 100)
        for (id, client) in [(1, "a"), (2, "a"), (3, "b"), (4, "c")] as [(Int64, String)] {
            let claimed = delivery(client, isClaimed: true)
            _ = dispatcher.window.load(id, keys: claimed.keys, claimed)
            dispatcher.window.confirm(id)
        }
        #expect(dispatcher.nextJob(now: 0)?.id == 1)
        #expect(dispatcher.nextJob(now: 0)?.id == 3)
        #expect(dispatcher.interrupted(1) == [2, 4])
        #expect(dispatcher.nextJob(now: 0) == nil)
        dispatcher.settled(1)
        #expect(dispatcher.nextJob(now: 0) == nil)
        // The stop itself comes later, and releases nothing a second time; another handler may still succeed.
        #expect(dispatcher.stop() == [])
        dispatcher.ended(3, isCertain: true)
        #expect(!dispatcher.isQuiet)
        for id in [2, 3, 4] as [Int64] { dispatcher.settled(id) }
        #expect(dispatcher.isQuiet)
    }

    @Test("P6: no suspect is claimed after the stop; one whose claim was on its way is released")
    func suspects() {
        var dispatcher = Dispatcher(concurrency: 2, windowCapacity: 100)
        let running = delivery("a", isClaimed: true)
        let suspect = delivery("b", isClaimed: false, isSuspect: true)
        _ = dispatcher.window.load(1, keys: running.keys, running)
        _ = dispatcher.window.load(2, keys: suspect.keys, suspect)
        dispatcher.window.confirm(1)
        dispatcher.window.confirm(2)
        #expect(dispatcher.nextJob(now: 0)?.id == 1)
        #expect(dispatcher.nextJob(now: 0) == nil)
        var late = dispatcher
        _ = dispatcher.stop()
        dispatcher.ended(1, isCertain: false)
        #expect(!dispatcher.hasClaims)

        late.ended(1, isCertain: false)
        let claims = late.takeClaims()
        #expect(claims.alone == 2)
        #expect(late.stop() == [])
        #expect(late.claimed(claims) == nil)
        #expect(late.startable([2]) == [2])
        late.putBack(claims)
        #expect(!late.hasClaims)
    }
}

extension Dispatcher.Job: Equatable {
    static func == (left: Self, right: Self) -> Bool { left.id == right.id }
}
