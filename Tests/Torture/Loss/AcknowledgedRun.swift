internal import ConnmixDevEngine
internal import Synchronization

/// End users that number their frames, and send one again, on a new connection, that is not acknowledged within three seconds.
struct AcknowledgedRun: Sendable {
    private static let users = 400

    let run: LossRun

    /// Who waits for an acknowledgement since when, so that somebody can give up for them.
    private final class Waiting: Sendable {
        private let table = Mutex([Int: (user: EndUser, since: ContinuousClock.Instant)]())

        func begin(_ place: Int, _ user: EndUser) {
            table.withLock { $0[place] = (user, .now) }
        }

        func end(_ place: Int) {
            table.withLock { $0[place] = nil }
        }

        func closeOld() async {
            let limit = ContinuousClock.now.advanced(by: .seconds(-3))
            let old = table.withLock { table in table.values.filter { $0.since < limit }.map(\.user) }
            for user in old { await user.close() }
        }
    }

    func run() async throws -> LossRun.Result {
        var configuration = DevEngine.Configuration()
        configuration.settings.recording = false
        configuration.settings.acknowledgeKey = "ack"
        return try await withDevEngine(configuration) { engine in
            let waiting = Waiting()
            let start = ContinuousClock.now
            let deadline = start.advanced(by: .seconds(run.seconds))
            let (acknowledged, last, kills) = try await withThrowingTaskGroup(of: [Int: Int].self) { tasks in
                for place in 0..<Self.users {
                    tasks.addTask { [place: try await send(place, engine, waiting, until: deadline)] }
                }
                tasks.addTask {
                    while !Task.isCancelled {
                        await waiting.closeOld()
                        try? await Task.sleep(for: .milliseconds(200))
                    }
                    return [:]
                }
                let (last, kills) = try await run.killing(.acknowledged, engine.center) { ContinuousClock.now >= deadline }
                var acknowledged: [Int: Int] = [:]
                while acknowledged.count < Self.users, let next = try await tasks.next() {
                    acknowledged.merge(next) { $1 }
                }
                tasks.cancelAll()
                return (acknowledged, last, kills)
            }
            let lasted = (ContinuousClock.now - start) / .seconds(1)
            let handedOut = try await engine.snapshot().nodes[0].popped
            _ = await last.terminate()
            return try result(acknowledged, handedOut: handedOut, kills: kills, seconds: lasted)
        }
    }

    /// One end user's frames, one after the other. Returns how many were acknowledged.
    private func send(_ place: Int, _ engine: DevEngine, _ waiting: Waiting, until deadline: ContinuousClock.Instant) async throws
        -> Int
    {
        let pause = Duration.seconds(Double(Self.users) / run.rate)
        var number = 0
        var due = ContinuousClock.now
        while ContinuousClock.now < deadline {
            let user = try await engine.connectEndUser()
            var frames = user.frames.makeAsyncIterator()
            while true {
                let frame = #"{"n":\#(number + 1),"user":"u\#(place)"}"#
                waiting.begin(place, user)
                guard (try? await user.send(frame)) != nil else { break }
                var isAcknowledged = false
                while !isAcknowledged, let answer = await frames.next() {
                    isAcknowledged = answer.text == #"{"ack":\#(number + 1)}"#
                }
                waiting.end(place)
                guard isAcknowledged else { break }
                number += 1
                guard ContinuousClock.now < deadline else { return number }
                due = max(due.advanced(by: pause), .now.advanced(by: pause * -20))
                if due > .now { try await Task.sleep(until: due, clock: .continuous) }
            }
        }
        return number
    }

    private func result(_ acknowledged: [Int: Int], handedOut: Int, kills: Int, seconds: Double) throws -> LossRun.Result {
        let file = try PlainFile(run.database(.acknowledged))
        var found: [String: Bits] = [:]
        var repeats = 0
        try file.rows(
            """
            SELECT json_extract(frame, '$.user'), json_extract(frame, '$.n')
            FROM (SELECT json_extract(CAST(data AS TEXT), '$.frame.data') AS frame FROM journal)
            """
        ) { row in
            let isNew = found[row.text(0), default: Bits()].insert(row.integer(1))
            if !isNew { repeats += 1 }
        }
        try hold(repeats == 0, "\(repeats) frames are in the journal twice")
        let dropped = try file.integer("SELECT coalesce(sum(repeats), 0) FROM dedupe")
        let journaled = found.values.reduce(0) { $0 + $1.count }
        var lostForGood = 0
        for (place, count) in acknowledged where count > 0 {
            lostForGood += (1...count).count { found["u\(place)"]?.contains($0) != true }
        }
        return LossRun.Result(
            client: .acknowledged, kills: kills, seconds: seconds, handedOut: handedOut, lost: handedOut - journaled - dropped,
            inMemory: try run.inMemory(.acknowledged), lostForGood: lostForGood)
    }
}
