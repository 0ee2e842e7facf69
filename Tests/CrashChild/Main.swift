import ConnmixDurable
import Foundation
import Logging

/// A consumer for the crash tests, in a process of its own: `crash-child DATABASE CENTER [journaled|handled]`.
///
/// It writes a row a message into a table of its own. The texts `abort` and `kill` kill the process; `hang` keeps its handler for
/// ever. With a moment named it
/// acknowledges frames by their number `n`, and drops repeats of a user's numbers.
@main
struct CrashChild {
    static func main() async throws {
        var configuration = ConsumerConfiguration(
            database: CommandLine.arguments[1], centers: [CommandLine.arguments[2]], topics: ["chat"])
        configuration.retry.maxAttempts = 3
        configuration.concurrency = 8
        configuration.backoffBase = .milliseconds(10)
        configuration.directoryRefresh = .seconds(1)
        if CommandLine.arguments.count > 3 {
            acknowledge(when: CommandLine.arguments[3] == "handled" ? .handled : .journaled, &configuration)
        }
        var logger = Logger(label: "crash-child")
        logger.logLevel = .critical
        let consumer = ConnmixConsumer(configuration: configuration, logger: logger) { message, context in
            switch message.text {
            case "abort": abort()
            case "kill": kill(getpid(), SIGKILL)
            case "hang": try await Task.sleep(for: .seconds(3_600))
            default: break
            }
            try context.write { tables in
                try tables.execute("CREATE TABLE IF NOT EXISTS orders (message INTEGER NOT NULL, text TEXT NOT NULL) STRICT")
                try tables.execute(
                    "INSERT INTO orders (message, text) VALUES (?1, ?2)", .integer(message.id), .text(message.text ?? ""))
            }
            try context.meshSend(to: message.client, "done: \(message.text ?? "")")
        }
        try await consumer.run()
    }

    private struct Numbered: Decodable {
        var n: Int
        var user: String

        init?(_ message: Message) {
            guard let text = message.text, let frame = try? JSONDecoder().decode(Numbered.self, from: Data(text.utf8)) else {
                return nil
            }
            self = frame
        }
    }

    private static func acknowledge(when moment: Acknowledgement.Moment, _ configuration: inout ConsumerConfiguration) {
        configuration.retry.maxAttempts = 100_000
        configuration.dedupe = Dedupe(window: .seconds(3_600)) { message in
            Numbered(message).map { "\($0.user)/\($0.n)" }
        }
        configuration.acknowledge = .contextValue("ack", when: moment) { message in
            Numbered(message).map { "\($0.n)" }
        }
    }
}
