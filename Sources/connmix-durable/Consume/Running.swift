import ConnmixDurable
import Logging
import ServiceLifecycle
import UnixSignals

/// Runs a consumer until a signal: the first one stops in order, the second at once.
enum Running {
    private enum End {
        case ended
        case secondSignal
    }

    /// - Parameter services: started before the consumer, stopped after it.
    static func consumer(
        _ configuration: ConsumerConfiguration, handler: @escaping MessageHandler, beside services: [any Service] = [],
        logger: Logger
    ) async throws {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .error)
        let consumer = ConnmixConsumer(configuration: configuration, logger: logger, handler: handler)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: (services + [consumer]).map { service in
                    .init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)
                },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet))
        try await withThrowingTaskGroup(of: End.self) { tasks in
            tasks.addTask {
                try await group.run()
                return .ended
            }
            tasks.addTask {
                var count = 0
                for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
                    count += 1
                    if count == 2 { break }
                }
                return .secondSignal
            }
            let first = try await tasks.next()
            tasks.cancelAll()
            guard case .secondSignal = first else { return }
            // The consumer still writes down what it has in memory.
            while let _ = try? await tasks.next() {}
            throw Failure(.interrupted, "stopped at once; what was in hand is tried again after the next start")
        }
    }
}
