import NIOCore
import TestSupport
import Testing

@testable import ConnmixDurable

@Suite("the dispatcher: topics that rest")
struct DispatcherTopicsTests {
    /// The dispatcher beside a file: what it leaves waits here, and what it gives back.
    private struct Script {
        struct Row {
            var topic: String
            var client: String
            var attempts = 0
            var availableAt: Int64 = 0
            var isClaimed = false
        }

        var dispatcher: Dispatcher
        var rows: [Int64: Row] = [:]
        var last: Int64 = 0
        var now: Int64 = 0
        var generator = SeededGenerator(seed: 7)

        init(capacity: Int = 64, order: Lanes.Order = .strict, concurrency: Int = 8, probeAfter: Int = 0) {
            var lanes = Lanes.client
            lanes.order = order
            dispatcher = Dispatcher(concurrency: concurrency, windowCapacity: capacity, lanes: lanes, probeAfter: probeAfter)
            commit()
        }

        private func delivery(_ row: Row) -> Delivery {
            let delivery = Delivery(
                topic: row.topic, node: "n", client: ClientID(row.client), data: ByteBuffer(), receivedAt: 0,
                attempts: row.attempts + 1, availableAt: row.availableAt, isClaimed: true)
            return row.availableAt > now || dispatcher.isProbed(row.topic) ? delivery.unclaimed : delivery
        }

        mutating func arrive(_ topic: String, _ client: String) {
            last += 1
            let id = last
            rows[id] = Row(topic: topic, client: client)
            let delivery = delivery(rows[id]!)
            guard dispatcher.append(id, delivery) == .taken else { return }
            take(id, delivery)
        }

        private mutating func take(_ id: Int64, _ delivery: Delivery) {
            rows[id]?.isClaimed = delivery.isClaimed
            dispatcher.window.confirm(id)
        }

        /// Commits until nothing is left to commit.
        mutating func commit() {
            for _ in 0..<100 {
                for id in dispatcher.takeReleases() {
                    #expect(rows[id]?.isClaimed == true, "entry \(id) was given back and not claimed")
                    rows[id]?.isClaimed = false
                }
                let claims = dispatcher.takeClaims()
                for id in claims {
                    rows[id]?.isClaimed = true
                }
                dispatcher.claimed(claims)
                while let pass = dispatcher.window.nextPass(limit: 1_000) {
                    let found = rows.filter { $0.key > pass.after && !$0.value.isClaimed }.sorted { $0.key < $1.key }
                    var isFull = false
                    for (id, row) in found {
                        let delivery = delivery(row)
                        switch dispatcher.load(id, delivery, now: now) {
                        case .taken: take(id, delivery)
                        case .leftInFile, .known: break
                        case .full: isFull = true
                        }
                        if isFull { break }
                    }
                    if !isFull { dispatcher.window.passEnded() }
                }
                dispatcher.tick(now: now)
                if claims.isEmpty, !dispatcher.hasClaims, !dispatcher.hasReleases { return }
            }
            Issue.record("commits without an end")
        }

        /// What starts now, by id.
        mutating func starts() -> [Int64] {
            var ids: [Int64] = []
            while true {
                while let job = dispatcher.nextJob(now: now) { ids.append(job.id) }
                guard dispatcher.hasClaims || dispatcher.hasReleases else { return ids }
                commit()
            }
        }

        mutating func end(
            _ id: Int64, error: String? = nil, isLast: Bool = false, _ kind: AttemptOutcome = .failed,
            after: Duration = .milliseconds(500)
        )
            -> Outages.Change?
        {
            let row = rows[id]!
            let attempt = FailedAttempt(
                number: row.attempts + 1, outcome: kind, startedAt: now, endedAt: now, error: error ?? "")
            let result: HandlerOutcome.Result =
                error == nil ? .done([], writes: []) : isLast ? .dead(attempt) : .retry(attempt, after: after)
            let (outcome, change) = dispatcher.weigh(
                HandlerOutcome(id: id, delivery: delivery(row), startedAt: now, result: result), now: now, using: &generator)
            dispatcher.ended(id, isCertain: outcome.isCertain)
            switch outcome.result {
            case .retry(let attempt, let pause):
                if attempt.counts { rows[id]?.attempts += 1 }
                rows[id]?.isClaimed = false
                rows[id]?.availableAt = now + pause.microseconds
                dispatcher.retry(id, at: now + pause.microseconds, counts: attempt.counts, now: now)
            case .done, .dead, .parked, .released:
                rows[id] = nil
                dispatcher.settled(id)
            }
            commit()
            return change
        }
    }

    private func pause(_ topics: String?...) -> PausedTopics {
        PausedTopics(topics.map { TopicPause(topic: $0, holdsIntake: false, since: 0, actor: "a", reason: nil) })
    }

    @Test("P5: a topic that is paused waits in the file, and with it what came later in its lanes; all else goes on")
    func paused() {
        var script = Script(concurrency: 2)
        script.arrive("orders", "a")
        script.arrive("orders", "b")
        script.arrive("chat", "b")
        script.arrive("chat", "c")
        script.arrive("orders", "d")
        #expect(script.starts() == [1, 2])
        script.dispatcher.setPaused(pause("orders"))
        script.commit()
        #expect(script.rows.filter(\.value.isClaimed).keys.sorted() == [1, 2, 3, 4], "what was in hand, and what may follow")
        script.arrive("orders", "c")
        script.arrive("chat", "a")
        script.arrive("chat", "c")
        script.arrive("chat", "d")
        script.commit()
        #expect(script.end(1) == nil && script.end(2) == nil)
        #expect(script.starts() == [4, 7])
        #expect(script.end(4) == nil && script.end(7) == nil)
        #expect(script.starts() == [3], "8 and 9 wait behind orders of their lanes")
        #expect(script.end(3) == nil)
        #expect(script.starts() == [])
        #expect(script.rows.filter(\.value.isClaimed).isEmpty, "what waits may be changed by operators")
        script.dispatcher.setPaused(PausedTopics())
        script.commit()
        #expect(script.starts() == [5, 6])
        #expect(script.end(6) == nil && script.end(5) == nil)
        #expect(script.starts() == [8, 9])
    }

    @Test("where the order is relaxed, other topics pass what is paused")
    func relaxed() {
        var script = Script(order: .relaxed)
        script.arrive("orders", "a")
        script.dispatcher.setPaused(pause("orders"))
        script.commit()
        script.arrive("chat", "a")
        script.arrive("orders", "a")
        script.commit()
        #expect(script.starts() == [2])
        script.dispatcher.setPaused(PausedTopics())
        script.commit()
        #expect(script.end(2) == nil)
        #expect(script.starts() == [1])
    }

    @Test("a paused topic fills nothing: with a window of 64 and 1,000 that wait, another topic goes on")
    func manyWait() {
        var script = Script()
        script.dispatcher.setPaused(pause("orders"))
        for number in 0..<1_000 { script.arrive("orders", "\(number)") }
        script.arrive("chat", "z")
        script.commit()
        #expect(script.dispatcher.window.count == 1)
        #expect(script.starts() == [1_001])
        script.dispatcher.setPaused(PausedTopics())
        script.commit()
        #expect(script.starts() == Array(1...7))
    }

    @Test("all is paused: nothing starts and nothing is claimed; a topic that is paused by its name stays so when all go on")
    func all() {
        var script = Script()
        script.arrive("orders", "a")
        script.arrive("chat", "b")
        script.dispatcher.setPaused(pause("orders", nil))
        script.commit()
        script.arrive("chat", "c")
        script.commit()
        #expect(script.starts() == [])
        #expect(script.rows.values.allSatisfy { !$0.isClaimed })
        script.dispatcher.setPaused(pause("orders"))
        script.commit()
        #expect(script.starts() == [2, 3])
        script.dispatcher.setPaused(PausedTopics())
        script.commit()
        #expect(script.starts() == [1])
    }

    @Test("what fails while its topic is paused is not tried before it goes on")
    func failsMeanwhile() {
        var script = Script()
        script.arrive("orders", "a")
        #expect(script.starts() == [1])
        script.dispatcher.setPaused(pause("orders"))
        script.commit()
        #expect(script.end(1, error: "no") == nil)
        script.now = 10_000_000
        script.commit()
        #expect(script.starts() == [])
        script.dispatcher.setPaused(PausedTopics())
        script.commit()
        #expect(script.starts() == [1])
    }

    @Test(
        "an outage: one message at a time, each in turn, none buried; those that wait are neither claimed nor counted; then all go on"
    )
    func outage() {
        var script = Script(capacity: 200, concurrency: 4, probeAfter: 3)
        for number in 0..<20 { script.arrive("orders", "\(number)") }
        script.arrive("chat", "z")
        #expect(script.starts() == [1, 2, 3, 4])
        #expect(script.end(1, error: "refused") == nil)
        #expect(script.end(2, error: "refused") == nil)
        #expect(script.starts() == [5, 6], "not yet")
        #expect(script.end(3, error: "refused", isLast: true) == .began(ProbedTopic(topic: "orders", cause: "refused", since: 0)))
        #expect(script.rows[3] != nil, "the last attempt is not taken by an outage")
        #expect(script.rows.filter(\.value.isClaimed).keys.sorted() == [4, 5, 6, 21])
        #expect(script.starts() == [21], "another topic goes on")
        for id in [4, 5, 6] as [Int64] {
            let change = script.end(id, error: "refused")
            #expect(change == nil)
        }
        #expect(script.end(21) == nil)
        var tried: [Int64] = []
        for _ in 0..<200 where Set(tried).count < 20 {
            script.now = max(script.now + 1, script.dispatcher.nextDeadline ?? script.now)
            script.commit()
            let started = script.starts()
            #expect(started.count <= 1)
            tried += started
            for id in started {
                let change = script.end(id, error: "refused", isLast: true, after: .milliseconds(1))
                #expect(change == nil)
            }
        }
        #expect(Set(tried).count == 20, "\(tried)")
        #expect(script.rows.values.map(\.attempts).max() == 1, "only those before it was known count")
        #expect(script.rows.values.filter(\.isClaimed).isEmpty)
        while true {
            script.now = max(script.now + 1, script.dispatcher.nextDeadline ?? script.now)
            script.commit()
            guard let id = script.starts().first else { continue }
            #expect(script.end(id) == .ended(topic: "orders"))
            break
        }
        script.now += 60_000_000
        script.commit()
        #expect(script.starts().count == 4, "at full concurrency again")
    }

    @Test("however many fail for their own sake and alike: what comes new is tried soon, and ends it")
    func newOnes() {
        var script = Script(concurrency: 4, probeAfter: 3)
        for number in 0..<300 { script.arrive("orders", "\(number)") }
        for id in script.starts() { _ = script.end(id, error: "no such order") }
        #expect(script.dispatcher.isProbed("orders"))
        for round in 0..<20 {
            script.now = max(script.now + 1, script.dispatcher.nextDeadline ?? script.now)
            script.commit()
            if round == 10 { script.arrive("orders", "z") }
            for id in script.starts() {
                let change = script.end(id, error: id == 301 ? nil : "no such order", isLast: true)
                guard id == 301 else { continue }
                #expect(change == .ended(topic: "orders"))
                return
            }
        }
        Issue.record("the new one was not tried")
    }

    @Test("what fails for its own sake in an outage is judged as always")
    func ownFault() {
        var script = Script(probeAfter: 2)
        for number in 0..<4 { script.arrive("orders", "\(number)") }
        #expect(script.starts() == [1, 2, 3, 4])
        _ = script.end(1, error: "refused")
        _ = script.end(2, error: "refused")
        #expect(script.end(3, error: "no such order", isLast: true, .permanent) == nil)
        #expect(script.rows[3] == nil, "dead")
        #expect(script.end(4) == .ended(topic: "orders"))
    }

    @Test("P2, P5: nothing is loaded while entries that are claimed in the file are in no window")
    func strays() {
        var script = Script(capacity: 200, concurrency: 3, probeAfter: 3)
        for number in 0..<20 { script.arrive("orders", "\(number)") }
        let ids = script.starts()
        for id in ids {
            let attempt = FailedAttempt(number: 1, outcome: .failed, startedAt: 0, endedAt: 0, error: "refused")
            let outcome = HandlerOutcome(
                id: id, delivery: script.dispatcher.window[id]!, startedAt: 0, result: .retry(attempt, after: .seconds(1)))
            _ = script.dispatcher.weigh(outcome, now: 0, using: &script.generator)
        }
        #expect(script.dispatcher.isProbed("orders"))
        #expect(script.dispatcher.hasStrays)
        #expect(script.dispatcher.takeReleases().count == 17)
        #expect(!script.dispatcher.hasStrays, "they are given back in the transaction that loads")
    }
}
