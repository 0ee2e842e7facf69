import ConnmixDurable
import Logging
import NIOHTTP1
import Synchronization

/// What is served about a consumer: its metrics, whether it lives, whether it takes messages.
final class ConsumerWatch: Sendable {
    let metrics = PrometheusMetrics()
    private let readiness = Mutex(Readiness())

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

    /// Reads a consumer's events until they end.
    func follow(_ events: AsyncStream<ConsumerEvent>) async {
        for await event in events { readiness.withLock { $0.happened(event) } }
        readiness.withLock { $0.ended() }
    }

    /// No payloads, no names of messages: only numbers, and reasons of the consumer's own.
    private func answer(_ path: String) -> MetricsServer.Answer? {
        let readiness = readiness.withLock { $0 }
        switch path {
        case "/metrics":
            return .init(type: PrometheusMetrics.contentType, body: metrics.text)
        case "/health":
            return readiness.isRunning
                ? .init(body: "ok\n") : .init(status: .serviceUnavailable, body: "the consumer has ended\n")
        case "/ready":
            guard let obstacle = readiness.obstacle else { return .init(body: "ready\n") }
            return .init(status: .serviceUnavailable, body: obstacle.escapedForTerminal + "\n")
        default:
            return nil
        }
    }
}
