import ConnmixDurable
import Logging
import NIOHTTP1
import Synchronization

/// What is served about a consumer: its metrics, whether it lives, whether it takes messages.
final class ConsumerWatch: Sendable {
    let metrics = PrometheusMetrics()
    private let consumer = Mutex<ConnmixConsumer?>(nil)

    /// Serves while `body` runs. The address is taken before: where it cannot be, nothing else has begun.
    func serving(on address: MetricsAddress, logger: Logger, _ body: () async throws -> Void) async throws {
        let server = try await MetricsServer.start(address) { self.answer($0) }
        logger.info("metrics are served", metadata: ["address": "\(server.address)"])
        do {
            try await body()
        } catch {
            try await server.stop()
            throw error
        }
        try await server.stop()
    }

    /// From now on the answers are about this consumer.
    func watch(_ consumer: ConnmixConsumer) {
        self.consumer.withLock { $0 = consumer }
    }

    /// No payloads, no names of messages: only numbers, and reasons of the consumer's own.
    private func answer(_ path: String) -> MetricsServer.Answer? {
        let standing = consumer.withLock { $0 }?.standing ?? ConsumerStanding()
        switch path {
        case "/metrics":
            return .init(type: PrometheusMetrics.contentType, body: metrics.text)
        case "/health":
            // A disk that refuses is waited out; one that does not answer may be the process's own fault.
            guard let illness = standing.hasEnded ? "the consumer has ended" : standing.standstill else {
                return .init(body: "ok\n")
            }
            return .init(status: .serviceUnavailable, body: illness.escapedForTerminal + "\n")
        case "/ready":
            guard let obstacle = standing.obstacle else { return .init(body: "ready\n") }
            return .init(status: .serviceUnavailable, body: obstacle.escapedForTerminal + "\n")
        default:
            return nil
        }
    }
}
