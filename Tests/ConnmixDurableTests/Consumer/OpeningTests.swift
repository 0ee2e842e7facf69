import FoundationEssentials
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("opening", .timeLimit(.minutes(1)))
struct OpeningTests {
    @Test("run on the main actor waits for the file's lock without holding the actor")
    @MainActor func mainActor() async throws {
        try await withFolder { folder in
            let path = folder + "/db"
            // Held by nobody that lives: it is waited for.
            let holder = try FileLock(database: path)
            #expect(holder.tryLock(.owner, exclusive: true))
            try Data("\(Int32.max) \(Clock.now())\n".utf8).write(to: URL(fileURLWithPath: path + ".lock"), options: [])
            let consumer = ConnmixConsumer(
                configuration: ConsumerConfiguration(database: path, centers: ["127.0.0.1:1"], topics: ["chat"]), logger: .quiet
            ) { _, _ in }
            // The main actor takes them one after the other. Were it held by the first one, the second one would come when the first
            // has waited in vain.
            let run = Task { @MainActor in try await consumer.run() }
            let release = Task { @MainActor in holder.unlock(.owner) }
            await release.value
            run.cancel()
            do { try await run.value } catch is CancellationError {}
        }
    }
}
