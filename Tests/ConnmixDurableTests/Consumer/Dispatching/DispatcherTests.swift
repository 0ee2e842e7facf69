import NIOCore
import Testing

@testable import ConnmixDurable

@Suite("the dispatcher")
struct DispatcherTests {
    private func delivery(
        _ client: String, topic: String = "t", isClaimed: Bool = true, availableAt: Int64 = 0, isSuspect: Bool = false
    ) -> Delivery {
        Delivery(
            topic: topic, node: "n", client: ClientID(client), data: ByteBuffer(), receivedAt: 0, attempts: 1,
            availableAt: availableAt, isClaimed: isClaimed, isSuspect: isSuspect)
    }

    private func make(_ deliveries: [Delivery], concurrency: Int = 10, topicLimits: [String: Int] = [:]) -> Dispatcher {
        var dispatcher = Dispatcher(
            concurrency: concurrency, windowCapacity: max(100, deliveries.count), topicLimits: topicLimits)
        for (index, delivery) in deliveries.enumerated() {
            _ = dispatcher.window.load(Int64(index + 1), keys: dispatcher.keys(of: delivery), delivery)
            dispatcher.window.confirm(Int64(index + 1))
        }
        dispatcher.window.passEnded()
        return dispatcher
    }

    @Test("P1, P5: one message of a client at a time, in order; the lane opens with the commit")
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

    @Test("a topic has no more handlers than it may; the oldest of its entries is next, and other topics' go on")
    func topics() {
        var dispatcher = make(
            ["slow", "slow", "slow", "slow", "chat"].enumerated().map { delivery("\($0)", topic: $1) }, concurrency: 4,
            topicLimits: ["slow": 2])
        #expect((0..<4).map { _ in dispatcher.nextJob(now: 0)?.id } == [1, 2, 5, nil])
        dispatcher.ended(5, isCertain: true)
        #expect(dispatcher.nextJob(now: 0) == nil)
        dispatcher.ended(2, isCertain: false)
        #expect((0..<2).map { _ in dispatcher.nextJob(now: 0)?.id } == [3, nil])
        dispatcher.ended(1, isCertain: true)
        dispatcher.ended(3, isCertain: true)
        #expect((0..<2).map { _ in dispatcher.nextJob(now: 0)?.id } == [4, nil])
    }

    @Test("P2: a busy lane of a topic with a limit does not take its place from an older message of another lane")
    func fairTopics() {
        var dispatcher = make(
            ["a", "b", "a", "a"].map { delivery($0, topic: "slow") }, concurrency: 4, topicLimits: ["slow": 1])
        #expect(dispatcher.nextJob(now: 0)?.id == 1)
        #expect(dispatcher.nextJob(now: 0) == nil)
        // The lane's next one is ready at once; the other lane's has waited longer.
        dispatcher.ended(1, isCertain: true)
        #expect(dispatcher.nextJob(now: 0)?.id == 2)
        dispatcher.settled(1)
        #expect(dispatcher.nextJob(now: 0) == nil)
        dispatcher.ended(2, isCertain: true)
        #expect(dispatcher.nextJob(now: 0)?.id == 3)
    }

    @Test("what left memory while it waited for its topic is passed over; where a lane is parked the next one has the place")
    func topicsAndLanes() {
        var dispatcher = make(["a", "b", "c"].map { delivery($0) }, topicLimits: ["t": 1])
        #expect((0..<2).map { _ in dispatcher.nextJob(now: 0)?.id } == [1, nil])
        dispatcher.park("b")
        dispatcher.ended(1, isCertain: true)
        #expect((0..<2).map { _ in dispatcher.nextJob(now: 0)?.id } == [3, nil])
        #expect(dispatcher.takeReleases() == [2])
    }

    @Test("P6: a suspect without a place of its topic keeps no other suspect waiting, and has its turn when there is one")
    func topicsAndSuspects() {
        var dispatcher = make(
            [
                delivery("a", topic: "slow"), delivery("b", isSuspect: true), delivery("c", topic: "slow", isSuspect: true),
                delivery("d", isSuspect: true),
            ], topicLimits: ["slow": 1])
        #expect((0..<3).map { _ in dispatcher.nextJob(now: 0)?.id } == [1, 2, nil])
        dispatcher.ended(2, isCertain: true)
        dispatcher.settled(2)
        #expect((0..<2).map { _ in dispatcher.nextJob(now: 0)?.id } == [4, nil])
        dispatcher.ended(1, isCertain: true)
        #expect(dispatcher.nextJob(now: 0) == nil, "another suspect is not through")
        dispatcher.ended(4, isCertain: true)
        dispatcher.settled(4)
        #expect((0..<2).map { _ in dispatcher.nextJob(now: 0)?.id } == [3, nil])
    }

    @Test("P7: a topic with a limit fills an eighth of the window, and others find room in it")
    func topicsInMemory() {
        var dispatcher = Dispatcher(concurrency: 1, windowCapacity: 80, topicLimits: ["slow": 1])
        dispatcher.window.passEnded()
        let taken = (1...70).count { id in dispatcher.append(Int64(id), delivery("\(id)", topic: "slow")) == .taken }
        #expect(taken == 10)
        #expect(dispatcher.append(71, delivery("x", topic: "chat")) == .taken)
        for id in 1...10 { dispatcher.window.confirm(Int64(id)) }
        #expect(dispatcher.nextJob(now: 0)?.id == 1)
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
        dispatcher.retry(1, at: 100, now: 0)
        #expect(dispatcher.nextDeadline == 100)
        dispatcher.tick(now: 99)
        #expect(dispatcher.nextJob(now: 99) == nil)
        dispatcher.tick(now: 100)
        #expect(dispatcher.nextJob(now: 100) == nil)
        let claims = dispatcher.takeClaims()
        #expect(claims == [1])
        dispatcher.claimed(claims)
        let job = dispatcher.nextJob(now: 100)
        #expect(job?.id == 1)
        #expect(job?.delivery.attempts == 2)
    }

    @Test("P6: suspects exclude each other until their outcome is committed, and all others run beside them")
    func suspects() {
        var dispatcher = make([
            delivery("a"), delivery("b", isSuspect: true), delivery("c"), delivery("d", isSuspect: true),
            delivery("e", isSuspect: true), delivery("d"), delivery("f"),
        ])
        #expect((0..<4).map { _ in dispatcher.nextJob(now: 0)?.id } == [1, 2, 3, 7])
        #expect(dispatcher.nextJob(now: 0) == nil)
        dispatcher.ended(2, isCertain: true)
        #expect(dispatcher.nextJob(now: 0) == nil)  // until its outcome is committed
        dispatcher.settled(2)
        #expect(dispatcher.nextJob(now: 0)?.id == 4)
        #expect(dispatcher.nextJob(now: 0) == nil)
        dispatcher.ended(4, isCertain: false)
        dispatcher.retry(4, at: 100, now: 0)
        #expect(dispatcher.nextJob(now: 0)?.id == 5)
        dispatcher.ended(5, isCertain: false)
        dispatcher.settled(5)
        // It has come to an end: a suspect no more.
        dispatcher.tick(now: 100)
        #expect(dispatcher.nextJob(now: 100) == nil)
        let claims = dispatcher.takeClaims()
        #expect(claims == [4])
        dispatcher.claimed(claims)
        #expect(dispatcher.nextJob(now: 100)?.id == 4)
        dispatcher.ended(4, isCertain: true)
        #expect(dispatcher.nextJob(now: 100)?.id == 6)  // its lane goes on at once
    }

    @Test("P6: 64 suspects among 4,000 take one place; the others fill the rest")
    func fullConcurrency() {
        var dispatcher = make((0..<4_000).map { delivery("c\($0)", isSuspect: $0 < 64) }, concurrency: 64)
        var handled: Set<Int64> = []
        var rounds = 0
        while handled.count < 4_000, rounds < 100 {
            var batch: [Int64] = []
            while let job = dispatcher.nextJob(now: 0) { batch.append(job.id) }
            let suspects = batch.count { $0 <= 64 }
            #expect(suspects == (rounds < 64 ? 1 : 0))
            if rounds < 62 { #expect(batch.count == 64) }
            for id in batch {
                dispatcher.ended(id, isCertain: false)
                dispatcher.settled(id)
            }
            handled.formUnion(batch)
            rounds += 1
        }
        #expect(rounds == 64)
    }

    @Test("P7, P8: in a trouble of hours only what is claimed already is handled, and nothing piles up")
    func longTrouble() {
        var dispatcher = make(
            [delivery("a"), delivery("a"), delivery("b", isClaimed: false), delivery("c", isClaimed: false)])
        #expect(dispatcher.nextJob(now: 0)?.id == 1)
        #expect(dispatcher.nextJob(now: 0) == nil)
        dispatcher.ended(1, isCertain: true)
        #expect(dispatcher.nextJob(now: 0)?.id == 2)
        dispatcher.ended(2, isCertain: false)
        for _ in 0..<1_000 {
            let claims = dispatcher.takeClaims()
            #expect(claims == [3, 4])
            dispatcher.putBack(claims: claims)
            dispatcher.putBack(releases: dispatcher.takeReleases())
            #expect(dispatcher.nextJob(now: 0) == nil)
        }
        #expect(dispatcher.window.count == 3)
        dispatcher.settled(1)
        dispatcher.settled(2)
        let claims = dispatcher.takeClaims()
        dispatcher.claimed(claims)
        #expect(dispatcher.nextJob(now: 0)?.id == 3)
        #expect(dispatcher.nextJob(now: 0)?.id == 4)
    }

    @Test("claims that could not be committed are made again")
    func failedClaims() {
        var dispatcher = make([delivery("a", isClaimed: false, isSuspect: true)])
        #expect(dispatcher.nextJob(now: 0) == nil)
        let claims = dispatcher.takeClaims()
        #expect(!dispatcher.hasClaims)
        dispatcher.putBack(claims: claims)
        #expect(dispatcher.takeClaims() == [1])
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
        #expect(claims == [1])
        dispatcher.refresh(1, attempts: 0, availableAt: 30)
        dispatcher.tick(now: 100)
        #expect(dispatcher.nextJob(now: 100) == nil)
        #expect(!dispatcher.hasClaims)  // its claim is on its way
        dispatcher.claimed(claims)
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
        #expect(claims == [1, 3])
        dispatcher.claimed(claims, lost: [1])
        #expect(dispatcher.nextJob(now: 0)?.id == 3)
        #expect(dispatcher.nextJob(now: 0) == nil)
        #expect(dispatcher.takeClaims() == [2])
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
        #expect(dispatcher.window.load(1, keys: dispatcher.keys(of: back), back) == .taken)
        dispatcher.window.confirm(1)
        #expect(dispatcher.nextJob(now: 0) == nil)
        #expect(dispatcher.takeClaims() == [1])
    }

    @Test("P5, P6: a suspect that was given back while it waited for another one starts when it is loaded again, and not before")
    func lostSuspect() {
        var dispatcher = make(
            [delivery("a", isSuspect: true), delivery("b", isSuspect: true), delivery("c", isSuspect: true)], concurrency: 8)
        #expect(dispatcher.nextJob(now: 0)?.id == 1)
        #expect(dispatcher.nextJob(now: 0) == nil)
        dispatcher.setParked(["b"])
        #expect(dispatcher.takeReleases() == [2])
        dispatcher.setParked([])
        dispatcher.ended(1, isCertain: false)
        dispatcher.settled(1)
        #expect(dispatcher.nextJob(now: 0)?.id == 3)  // 2 is in the file
        let back = delivery("b", isSuspect: true)
        dispatcher.window.lookAgain(above: 0)
        #expect(dispatcher.window.load(2, keys: dispatcher.keys(of: back), back) == .taken)
        dispatcher.window.confirm(2)
        #expect(dispatcher.nextJob(now: 0) == nil)
        dispatcher.ended(3, isCertain: false)
        dispatcher.settled(3)
        #expect(dispatcher.nextJob(now: 0)?.id == 2)
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
        #expect(!dispatcher.isQuiet)
        for id in [2, 3] as [Int64] { dispatcher.settled(id) }
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
        _ = dispatcher.window.append(1, keys: dispatcher.keys(of: claimed), claimed)
        #expect(dispatcher.stop() == [])
        dispatcher.window.confirm(1)
        #expect(dispatcher.startable([1]) == [1])
    }

    @Test("P5: behind an interrupted handler nothing starts, neither before nor after its release is committed")
    func interrupted() {
        var dispatcher = Dispatcher(concurrency: 2, windowCapacity: 100)
        for (id, client) in [(1, "a"), (2, "a"), (3, "b"), (4, "c")] as [(Int64, String)] {
            let claimed = delivery(client, isClaimed: true)
            _ = dispatcher.window.load(id, keys: dispatcher.keys(of: claimed), claimed)
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

    @Test("P6: no suspect starts after the stop; those that waited for another one are released")
    func suspects() {
        var dispatcher = Dispatcher(concurrency: 4, windowCapacity: 100)
        for (id, client) in [(1, "a"), (2, "b"), (3, "c")] as [(Int64, String)] {
            let suspect = delivery(client, isClaimed: true, isSuspect: true)
            _ = dispatcher.window.load(id, keys: dispatcher.keys(of: suspect), suspect)
            dispatcher.window.confirm(id)
        }
        #expect(dispatcher.nextJob(now: 0)?.id == 1)
        #expect(dispatcher.nextJob(now: 0) == nil)
        #expect(dispatcher.stop() == [2, 3])
        dispatcher.ended(1, isCertain: false)
        dispatcher.settled(1)
        #expect(dispatcher.nextJob(now: 0) == nil)
        for id in [2, 3] as [Int64] { dispatcher.settled(id) }
        #expect(dispatcher.isQuiet)
    }
}

@Suite("the dispatcher's waiting lanes")
struct DispatcherWaitingTests {
    private static let hour: Int64 = 3_600_000_000

    private func delivery(_ client: String, isClaimed: Bool = true, availableAt: Int64 = 0, isSuspect: Bool = false) -> Delivery {
        Delivery(
            topic: "t", node: "n", client: ClientID(client), data: ByteBuffer(), receivedAt: 0, attempts: 1,
            availableAt: availableAt, isClaimed: isClaimed, isSuspect: isSuspect)
    }

    private func make(_ deliveries: [Delivery], lanes: Lanes = .client, capacity: Int = 100) -> Dispatcher {
        var dispatcher = Dispatcher(concurrency: 10, windowCapacity: capacity, lanes: lanes)
        for (index, delivery) in deliveries.enumerated() {
            #expect(dispatcher.load(Int64(index + 1), delivery, now: 0) == .taken)
            dispatcher.window.confirm(Int64(index + 1))
        }
        dispatcher.window.passEnded()
        return dispatcher
    }

    private func relaxed() -> Lanes {
        var lanes = Lanes.client
        lanes.order = .relaxed
        return lanes
    }

    @Test("P5: a lane whose head waits long leaves for the file, gives back what was claimed, and comes back in order")
    func longRetry() {
        var dispatcher = make([delivery("a"), delivery("a"), delivery("a"), delivery("b")])
        #expect(dispatcher.nextJob(now: 0)?.id == 1)
        dispatcher.ended(1, isCertain: false)
        dispatcher.retry(1, at: Self.hour, now: 0)
        #expect(dispatcher.window.count == 1)
        #expect(dispatcher.takeReleases() == [2, 3])
        #expect(dispatcher.nextDeadline == Self.hour)
        #expect(dispatcher.nextJob(now: 0)?.id == 4)
        #expect(dispatcher.nextJob(now: 0) == nil)
        // What comes later waits behind it.
        let later = delivery("a")
        #expect(dispatcher.window.append(5, keys: dispatcher.keys(of: later), later) == .leftInFile)
        let isEarly = dispatcher.window.wantsPass()
        #expect(!isEarly)

        dispatcher.tick(now: Self.hour)
        #expect(dispatcher.window.nextPass(limit: 10)?.after == 0)
        for id in [1, 2, 3, 5] as [Int64] {
            #expect(dispatcher.load(id, delivery("a", availableAt: id == 1 ? Self.hour : 0), now: Self.hour) == .taken)
            dispatcher.window.confirm(id)
        }
        dispatcher.window.passEnded()
        for id in [1, 2, 3, 5] as [Int64] {
            #expect(dispatcher.nextJob(now: Self.hour)?.id == id)
            #expect(dispatcher.nextJob(now: Self.hour) == nil)
            dispatcher.ended(id, isCertain: true)
            dispatcher.settled(id)
        }
    }

    @Test("entries that wait long take no places, and are met again when the first is due")
    func manyWait() {
        for lanes in [Lanes.client, relaxed(), .none] {
            var dispatcher = make([], lanes: lanes, capacity: 16)
            dispatcher.window.lookAgain(above: 0)
            for id in 1...1_000 as ClosedRange<Int64> {
                #expect(
                    dispatcher.load(id, delivery("\(id)", isClaimed: false, availableAt: Self.hour + id), now: 0) == .leftInFile)
            }
            #expect(dispatcher.load(1_001, delivery("x"), now: 0) == .taken)
            dispatcher.window.confirm(1_001)
            dispatcher.window.passEnded()
            #expect(dispatcher.nextJob(now: 0)?.id == 1_001)
            #expect(dispatcher.nextDeadline == Self.hour + 1)
            dispatcher.tick(now: Self.hour + 1)
            #expect(dispatcher.window.nextPass(limit: 10)?.after == 0)
            let due = delivery("1", availableAt: Self.hour + 1)
            #expect(dispatcher.load(1, due, now: Self.hour + 1) == .taken)
        }
    }

    @Test("entries that rest alone are met again at their own times, whatever older ones wait for")
    func restAlone() {
        for lanes in [relaxed()] {
            var dispatcher = make([], lanes: lanes)
            dispatcher.window.lookAgain(above: 0)
            #expect(dispatcher.load(3, delivery("a", isClaimed: false, availableAt: Self.hour), now: 0) == .leftInFile)
            #expect(dispatcher.load(7, delivery("b", isClaimed: false, availableAt: 10_000_000), now: 0) == .leftInFile)
            dispatcher.window.passEnded()
            dispatcher.tick(now: 10_000_000)
            let after = dispatcher.window.nextPass(limit: 10)?.after
            #expect((after ?? 9) < 3)
            #expect(dispatcher.load(3, delivery("a", isClaimed: false, availableAt: Self.hour), now: 10_000_000) == .leftInFile)
            #expect(dispatcher.load(7, delivery("b", availableAt: 10_000_000), now: 10_000_000) == .taken)
        }
    }

    @Test("more resting lanes than are remembered: the pass halts, and goes on when one wakes")
    func manyLanes() {
        var dispatcher = make([])
        dispatcher.window.lookAgain(above: 0)
        var last: Int64 = 0
        for id in 1...70_000 as ClosedRange<Int64> {
            let admission = dispatcher.load(id, delivery("\(id)", isClaimed: false, availableAt: Self.hour + id), now: 0)
            guard admission == .leftInFile else { break }
            last = id
        }
        #expect(last == 65_536)
        let wantsWhileHalted = dispatcher.window.wantsPass()
        #expect(!wantsWhileHalted)
        dispatcher.tick(now: Self.hour + 1)
        #expect(dispatcher.window.nextPass(limit: 10)?.after == 0)
        #expect(dispatcher.load(1, delivery("1", availableAt: Self.hour + 1), now: Self.hour + 1) == .taken)
        var isFull = false
        for id in 2...65_536 as ClosedRange<Int64> {
            let waiting = delivery("\(id)", isClaimed: false, availableAt: Self.hour + id + 10_000_000)
            isFull = isFull || dispatcher.load(id, waiting, now: Self.hour + 1) == .full
        }
        #expect(!isFull)
        #expect(dispatcher.load(65_537, delivery("x"), now: Self.hour + 1) == .taken)
    }

    @Test("P2: what the stop gives back is given back once, whatever happens to its lane then")
    func stopAndRest() {
        var dispatcher = make([delivery("a"), delivery("a"), delivery("a")])
        #expect(dispatcher.nextJob(now: 0)?.id == 1)
        dispatcher.ended(1, isCertain: false)
        #expect(dispatcher.stop() == [2, 3])
        dispatcher.retry(1, at: Self.hour, now: 0)
        #expect(dispatcher.takeReleases() == [])
        dispatcher.settled(2)
        dispatcher.settled(3)
        #expect(dispatcher.isQuiet)
    }

    @Test("P2: an entry that leaves with its lane while its claim is on its way is given back when that is answered")
    func claimOnItsWay() {
        var dispatcher = make([delivery("a", isClaimed: false)])
        #expect(dispatcher.nextJob(now: 0) == nil)
        let claims = dispatcher.takeClaims()
        #expect(claims == [1])
        dispatcher.setParked(["a"])
        #expect(!dispatcher.hasReleases)
        dispatcher.claimed(claims)
        #expect(dispatcher.takeReleases() == [1])
        #expect(dispatcher.nextJob(now: 0) == nil)
    }

    @Test("P2: what a rolled back transaction took is not given back")
    func rolledBack() {
        var dispatcher = make([])
        let fresh = delivery("a")
        #expect(dispatcher.window.append(7, keys: dispatcher.keys(of: fresh), fresh) == .taken)
        #expect(dispatcher.load(5, delivery("a", isClaimed: false, availableAt: Self.hour), now: 0) == .leftInFile)
        #expect(dispatcher.hasReleases)
        dispatcher.withdraw(7)
        #expect(!dispatcher.hasReleases)
    }

    @Test("a parked lane takes no place, whatever its length; opened, it comes back from the file in order")
    func parked() {
        var dispatcher = make((0..<5_000).map { delivery("\($0 % 10)") }, capacity: 8_000)
        #expect(dispatcher.nextJob(now: 0)?.id == 1)
        dispatcher.ended(1, isCertain: false)
        dispatcher.park(1, lane: "0")
        #expect(dispatcher.window.count == 4_500)
        #expect(dispatcher.takeReleases().count == 499)
        dispatcher.setParked([])
        #expect(dispatcher.window.nextPass(limit: 10)?.after == 0)
        #expect(dispatcher.load(11, delivery("0"), now: 0) == .taken)
    }

    @Test("P2: what goes back with the stop is not given back again by a lane that is parked or put to rest meanwhile")
    func stoppingWhileParked() {
        for waits in [false, true] {
            var dispatcher = make([delivery("a"), delivery("a"), delivery("b")])
            #expect(dispatcher.nextJob(now: 0)?.id == 1)
            dispatcher.ended(1, isCertain: false)
            #expect(dispatcher.stop() == [2, 3])
            if waits { dispatcher.retry(1, at: Self.hour, now: 0) } else { dispatcher.park(1, lane: "a") }
            #expect(dispatcher.takeReleases() == [])
            #expect(!dispatcher.isQuiet)
            dispatcher.settled(2)
            dispatcher.settled(3)
            #expect(dispatcher.isQuiet)
        }
    }

    @Test("P5, relaxed: an entry whose retry is due never runs beside another one of its lane")
    func relaxedTurns() {
        var dispatcher = make([delivery("a"), delivery("a"), delivery("a")], lanes: relaxed())
        #expect(dispatcher.nextJob(now: 0)?.id == 1)
        dispatcher.ended(1, isCertain: false)
        dispatcher.retry(1, at: 10, now: 0)
        #expect(dispatcher.nextJob(now: 0)?.id == 2)
        dispatcher.tick(now: 10)
        #expect(dispatcher.nextJob(now: 10) == nil)  // 2 is at work
        #expect(!dispatcher.hasClaims)
        dispatcher.ended(2, isCertain: true)
        #expect(dispatcher.nextJob(now: 10) == nil)  // 1 is next, and must be claimed
        let claims = dispatcher.takeClaims()
        #expect(claims == [1])
        dispatcher.claimed(claims)
        #expect(dispatcher.nextJob(now: 10)?.id == 1)
        #expect(dispatcher.nextJob(now: 10) == nil)
        dispatcher.ended(1, isCertain: true)
        #expect(dispatcher.nextJob(now: 10)?.id == 3)
    }

    @Test("relaxed: a parked lane takes nobody back")
    func relaxedParked() {
        var dispatcher = make([delivery("a"), delivery("a")], lanes: relaxed())
        #expect(dispatcher.nextJob(now: 0)?.id == 1)
        dispatcher.ended(1, isCertain: false)
        dispatcher.retry(1, at: 10, now: 0)
        #expect(dispatcher.nextJob(now: 0)?.id == 2)
        dispatcher.ended(2, isCertain: false)
        dispatcher.park(2, lane: "a")
        dispatcher.tick(now: 10)
        #expect(dispatcher.nextJob(now: 10) == nil)
        #expect(!dispatcher.hasClaims)
        #expect(dispatcher.window.count == 0)
    }
}

extension Dispatcher.Job: Equatable {
    static func == (left: Self, right: Self) -> Bool { left.id == right.id }
}
