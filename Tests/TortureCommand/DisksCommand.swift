import ArgumentParser
import Foundation
import Torture

/// `connmix-torture disks`
struct DisksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disks", abstract: "Every call on the files fails once and for ever; every power cut of a run is looked at.")

    @Option(help: "Take every so manieth call only.")
    var stride = 1
    @Flag(help: "Only the power cuts.")
    var onlyCuts = false
    @Flag(help: "Only the calls that fail.")
    var onlyFailures = false
    @Option(
        help:
            "Of the commands whose calls fail only this one: send, discard, replay, backup, vacuum, consume (its start) or consumer (at work); may be repeated."
    )
    var work: [String] = []
    @Option(help: "So many states, or kinds of failures, are gone through at once.")
    var width = 4
    @OptionGroup var options: FolderOptions
    @OptionGroup var dice: DiceOptions

    func validate() throws {
        guard stride >= 1, width >= 1 else { throw ValidationError("--stride and --width have to be 1 or more") }
    }

    func run() async throws {
        let folder = try options.madeFolder("disks")
        say("disks: every call of \(stride), --seed \(dice.seed), files in \(folder)")
        if !onlyFailures {
            let states = try await PowerCuts(folder: folder, say: say).run(seed: dice.seed, stride: stride, width: width)
            say("power cuts: \(states) states, each opens, checks out and has what was confirmed")
        }
        if !onlyCuts {
            let runs = try await FailingCalls(folder: folder, say: say).run(
                stride: stride, works: work.isEmpty ? nil : Set(work), width: width)
            say("failing calls: \(runs) runs, the file is sound after each, and nobody lied")
        }
        say("disks: every promise was kept")
    }
}
