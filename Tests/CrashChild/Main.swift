import ConnmixDurable
import Foundation
import Logging

/// A consumer for the crash tests, in a process of its own: `crash-child DATABASE CENTER`.
///
/// It writes a row a message into a table of its own. The texts `abort` and `kill` kill the process.
@main
struct CrashChild {
    static func main() async throws {
        var configuration = ConsumerConfiguration(
            database: CommandLine.arguments[1], centers: [CommandLine.arguments[2]], topics: ["chat"])
        configuration.retry.maxAttempts = 3
        configuration.concurrency = 8
        configuration.backoffBase = .milliseconds(10)
        configuration.directoryRefresh = .seconds(1)
        var logger = Logger(label: "crash-child")
        logger.logLevel = .critical
        let consumer = ConnmixConsumer(configuration: configuration, logger: logger) { message, context in
            switch message.text {
            case "abort": abort()
            case "kill": kill(getpid(), SIGKILL)
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
}
