internal import ConnmixDevEngine
internal import FoundationEssentials
internal import TestSupport

/// How many messages a second the program answers on this machine, as it is now: a soak's rate is a part of it.
public enum FullSpeed {
    private static let batch = 10_000

    /// Batches one after the other, each handed out as fast as it is taken, until that has taken so long. The first one does not count.
    public static func measure(folder: String, seconds: Double = 10) async throws -> Double {
        let database = folder + "/full-speed.sqlite3"
        var configuration = DevEngine.Configuration()
        configuration.settings.recording = false
        let speed = try await withDevEngine(configuration) { engine in
            let consumer = try Program(
                "connmix-durable",
                ["consume", "--echo", "--topic", "chat", "--database", database, "--center", engine.center],
                output: folder + "/full-speed.log")
            do {
                try await answer(engine)
                let start = ContinuousClock.now
                var (answered, lasted) = (0, 0.0)
                while lasted < seconds {
                    try await answer(engine)
                    answered += batch
                    lasted = (ContinuousClock.now - start) / .seconds(1)
                }
                await consumer.kill()
                return Double(answered) / lasted
            } catch {
                await consumer.kill()
                throw error
            }
        }
        for end in ["", "-wal", "-shm", ".lock"] { try? FileManager.default.removeItem(atPath: database + end) }
        return speed
    }

    private static func answer(_ engine: DevEngine) async throws {
        let feed = try await engine.feed(count: batch, clients: 200, payloadBytes: 200)
        try await feed.waitUntil(answered: batch)
        try await feed.stop()
    }
}
