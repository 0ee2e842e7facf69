internal import ConnmixDevEngine
internal import FoundationEssentials
internal import TestSupport

/// How many messages a second the program answers on this machine, as it is now: a soak's rate is a part of it.
public enum FullSpeed {
    /// Two seconds for the start, then so many are measured. The engine hands out as fast as it is taken from.
    public static func measure(folder: String, seconds: Double = 10) async throws -> Double {
        let database = folder + "/full-speed.sqlite3"
        var configuration = DevEngine.Configuration()
        configuration.settings.recording = false
        let speed = try await withDevEngine(configuration) { engine in
            let feed = try await engine.feed(count: 100_000_000, clients: 200, payloadBytes: 200)
            let consumer = try Program(
                "connmix-durable",
                [
                    "consume", "--echo", "--topic", "chat", "--database", database, "--center", engine.center, "--log-level",
                    "warning",
                ],
                output: folder + "/full-speed.log")
            do {
                try await feed.waitUntil(answered: 1)
                try await Task.sleep(for: .seconds(2))
                let (before, start) = (try await feed.progress().answered, ContinuousClock.now)
                try await Task.sleep(for: .seconds(seconds))
                let answered = try await feed.progress().answered - before
                let speed = Double(answered) / ((ContinuousClock.now - start) / .seconds(1))
                await consumer.kill()
                return speed
            } catch {
                await consumer.kill()
                throw error
            }
        }
        for end in ["", "-wal", "-shm", ".lock"] { try? FileManager.default.removeItem(atPath: database + end) }
        return speed
    }
}
