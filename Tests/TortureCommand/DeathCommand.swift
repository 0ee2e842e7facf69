public import ArgumentParser
import Foundation
public import Torture

extension DeathKind: ExpressibleByArgument {}

/// `connmix-torture death`
struct DeathCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "death", abstract: "SIGKILL at calls and at random; after each both sides are compared.")

    @Option(help: "How many are killed.")
    var rounds = 1_000
    @Option(help: "Who is killed; may be repeated. Default: all in turn.")
    var kind: [DeathKind] = []
    @OptionGroup var options: FolderOptions
    @OptionGroup var dice: DiceOptions

    func run() async throws {
        let folder = try options.madeFolder("death")
        say("death: \(rounds) rounds, --seed \(dice.seed), files in \(folder)")
        let yard = try await DeathYard(folder: folder, say: say)
        let done = try await yard.run(rounds: rounds, kinds: kind.isEmpty ? DeathKind.allCases : kind, seed: dice.seed)
        for kind in DeathKind.allCases { say("\(kind.rawValue): \(done[kind, default: 0]) rounds") }
        say("death: every promise was kept")
    }
}
