import ArgumentParser
import ConnmixDurable
import Foundation
import Torture

/// `connmix-torture locks`
struct LocksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "locks",
        abstract: "Writers and checkpoints of many processes, through two spellings of a path; their locks are watched.")

    @Option(help: "How long.")
    var seconds = 60.0
    @OptionGroup var options: FolderOptions

    func run() async throws {
        let folder = try options.madeFolder("locks")
        say("locks: \(seconds) seconds, files in \(folder)")
        let watch = try await ResetStress(folder: folder, say: say).run(seconds: seconds)
        guard watch.ownersCheckpoints > 0, watch.othersCheckpoints > 0 else {
            throw BrokenPromise("nobody, or only one side, has checkpointed: the run proves nothing")
        }
        say("locks: no checkpoint beside a commit")
    }
}

/// `connmix-torture enqueue`: a process of the stress.
struct EnqueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "enqueue", shouldDisplay: false)

    @Argument var database: String
    @Argument var count: Int

    func run() async throws {
        let outbox = try SharedOutbox(database: database)
        let text = String(repeating: "x", count: 3_000)
        for number in 0..<count { _ = try outbox.enqueue(.meshPublish(to: "nobody", "\(number) \(text)")) }
    }
}
