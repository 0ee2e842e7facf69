import ConnmixDurable
import Logging
import ServiceLifecycle

/// Runs a consumer until a signal: the first one stops in order, the second at once.
enum ConsumerRun {
    private enum End {
        case ended
        case secondSignal
    }

    /// - Parameters:
    ///   - services: started before the consumer, stopped after it.
    ///   - metrics: where metrics and health are served, from before the consumer starts until it has ended.
    ///   - listen: where other programs' commands are taken, as long.
    static func untilSignal(
        _ configuration: ConsumerConfiguration, handler: @escaping MessageHandler, beside services: [any Service] = [],
        metrics: MetricsAddress? = nil, listen: ListenPlace? = nil, logger: Logger
    ) async throws {
        guard let metrics else {
            return try await run(configuration, handler: handler, beside: services, listen: listen, logger: logger)
        }
        let watch = ConsumerWatch()
        var configuration = configuration
        configuration.metrics = watch.metrics
        try await watch.serving(on: metrics, logger: logger) {
            try await run(configuration, handler: handler, beside: services, watch: watch, listen: listen, logger: logger)
        }
    }

    private static func run(
        _ configuration: ConsumerConfiguration, handler: @escaping MessageHandler, beside services: [any Service],
        watch: ConsumerWatch? = nil, listen: ListenPlace?, logger: Logger
    ) async throws {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .error)
        let consumer = ConnmixConsumer(configuration: configuration, logger: logger, handler: handler)
        watch?.watch(consumer)
        var services = services
        if let listen {
            let http = try await HTTPService.bind(listen.address, flag: "--listen")
            logger.info("listening for commands", metadata: ["address": "\(http.address)"])
            services.append(ListenService(http, token: listen.token, consumer: consumer))
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: (services + [consumer]).map { service in
                    .init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)
                }, logger: quiet))
        try await ServiceNotices.during(consumer, configuration) { try await untilSecondSignal(group) }
    }

    private static func untilSecondSignal(_ group: ServiceGroup) async throws {
        try await withThrowingTaskGroup(of: End.self) { tasks in
            tasks.addTask {
                try await group.run()
                return .ended
            }
            tasks.addTask {
                await StopSignals.second { await group.triggerGracefulShutdown() }
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
