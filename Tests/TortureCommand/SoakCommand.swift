import ArgumentParser
import Foundation
import Torture

/// `connmix-torture soak`
struct SoakCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak", abstract: "An hour at a steady rate, with nodes that come and go, retention, and an operator.")

    @Option(help: "How long.")
    var minutes = 60.0
    @Option(help: "Messages a second, over all nodes; `half`: of what this machine does in ten seconds before.")
    var rate = SoakRate.fixed(1_000)
    @OptionGroup var options: FolderOptions
    @OptionGroup var dice: DiceOptions

    func run() async throws {
        let folder = try options.madeFolder("soak")
        let rate = try await perSecond(folder)
        say("soak: \(minutes) minutes, \(rate) messages/s, --seed \(dice.seed), files in \(folder)")
        let lines = try await SoakRun.run(
            SoakPlan(seconds: minutes * 60, rate: rate), folder: folder, seed: dice.seed, say: say)
        for line in lines { say(line) }
        say("soak: every promise was kept")
    }

    private func perSecond(_ folder: String) async throws -> Double {
        switch rate {
        case .fixed(let rate): return rate
        case .half:
            let speed = try await FullSpeed.measure(folder: folder).rounded()
            say("full speed of this machine as it is now: \(speed) messages/s")
            return max(1, (speed / 2).rounded())
        }
    }
}

/// How fast the end users of a soak send, all together.
enum SoakRate: ExpressibleByArgument {
    case fixed(Double)
    case half

    init?(argument: String) {
        if argument == "half" {
            self = .half
        } else if let rate = Double(argument), rate > 0 {
            self = .fixed(rate)
        } else {
            return nil
        }
    }

    var defaultValueDescription: String {
        switch self {
        case .fixed(let rate): "\(Int(rate))"
        case .half: "half"
        }
    }
}
