import ArgumentParser
import Foundation
import Torture

/// Proofs that take longer than a test may: see docs/torture.md.
@main
struct TortureCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connmix-torture",
        abstract: "Proofs that take longer than a test may: see docs/torture.md.",
        subcommands: [
            SoakCommand.self, DeathCommand.self, DisksCommand.self, LocksCommand.self, LossCommand.self, EnqueueCommand.self,
        ])
}

/// What the dice of a run begin with.
struct DiceOptions: ParsableArguments {
    @Option(help: "What the dice begin with. Default: another each time.")
    var seed: UInt64 = .random(in: 0 ... .max)
}

/// Where a run keeps its files.
struct FolderOptions: ParsableArguments {
    @Option(help: "A folder for all files of the run; it is made. Default: a new one beneath the system's temporary folder.")
    var folder: String?

    func madeFolder(_ name: String) throws -> String {
        let path =
            folder ?? FileManager.default.temporaryDirectory.path
            + "/connmix-\(name)-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }
}

/// Prints a line at once, with the time.
@Sendable func say(_ line: String) {
    let time = Date.now.formatted(.iso8601.time(includingFractionalSeconds: false))
    try? FileHandle.standardOutput.write(contentsOf: Data("\(time) \(line)\n".utf8))
}
