import ArgumentParser
import Foundation
import Torture

/// `connmix-torture loss`
struct LossCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "loss",
        abstract: "What is lost when the client is killed every few seconds, beside clients without a journal.")

    @Option(help: "Messages a second.")
    var rate = 5_000.0
    @Option(help: "How long, for each client.")
    var seconds = 60.0
    @Option(help: "Seconds between two kills.")
    var pause = 10.0
    @OptionGroup var options: FolderOptions

    func run() async throws {
        let folder = try options.madeFolder("loss")
        say("loss: \(rate) messages/s, a kill every \(pause) s, files in \(folder)")
        let run = LossRun(folder: folder, rate: rate, seconds: seconds, pause: pause, say: say)
        for client in LossRun.Client.allCases {
            let result = try await run.run(client)
            say(result.line)
            if client == .acknowledged, result.lostForGood > 0 {
                throw BrokenPromise("\(result.lostForGood) acknowledged frames are nowhere")
            }
        }
    }
}
