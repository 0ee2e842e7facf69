import ArgumentParser
import Foundation
import Torture

/// `connmix-torture soak`
struct SoakCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak", abstract: "An hour at a steady rate, with nodes that come and go, retention, and an operator.")

    @Option(help: "How long.")
    var minutes = 60.0
    @Option(help: "Messages a second, over all nodes.")
    var rate = 1_000.0
    @OptionGroup var options: RunOptions

    func run() async throws {
        let folder = try options.madeFolder("soak")
        say("soak: \(minutes) minutes, \(rate) messages/s, --seed \(options.seed), files in \(folder)")
        let lines = try await SoakRun.run(
            SoakPlan(seconds: minutes * 60, rate: rate), folder: folder, seed: options.seed, say: say)
        for line in lines { say(line) }
        say("soak: every promise was kept")
    }
}
