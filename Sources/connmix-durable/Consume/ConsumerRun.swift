import ConnmixDurable
import Logging
import ServiceLifecycle

/// What a consumer serves beside its work.
struct ConsumerPorts: Sendable {
    var metrics: MetricsAddress?
    /// Where other programs' commands are taken.
    var listen: ServedPlace?
    /// Where the console is.
    var web: ServedPlace?

    init() {}

    /// - Throws: `Failure` where strangers would be served.
    init(_ options: ConsumeOptions) throws {
        metrics = options.metrics
        listen = try options.listen.map { try ServedPlace($0, tokenFile: options.listenTokenFile, .listen) }
        web = try options.web.map { try ServedPlace($0, tokenFile: options.webTokenFile, .consumersConsole) }
    }
}

/// Runs a consumer until a signal: the first one stops in order, the second at once.
enum ConsumerRun {
    private enum End {
        case ended
        case secondSignal
    }

    /// - Parameters:
    ///   - services: started before the consumer, stopped after it.
    ///   - ports: what is served, from before the consumer starts until it has ended.
    static func untilSignal(
        _ configuration: ConsumerConfiguration, handler: @escaping MessageHandler, beside services: [any Service] = [],
        ports: ConsumerPorts = .init(), logger: Logger
    ) async throws {
        guard let metrics = ports.metrics else {
            return try await run(configuration, handler: handler, beside: services, ports: ports, logger: logger)
        }
        let watch = ConsumerWatch()
        var configuration = configuration
        configuration.metrics = watch.metrics
        try await watch.serving(on: metrics, logger: logger) {
            try await run(configuration, handler: handler, beside: services, watch: watch, ports: ports, logger: logger)
        }
    }

    private static func run(
        _ configuration: ConsumerConfiguration, handler: @escaping MessageHandler, beside services: [any Service],
        watch: ConsumerWatch? = nil, ports: ConsumerPorts, logger: Logger
    ) async throws {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .error)
        let consumer = ConnmixConsumer(configuration: configuration, logger: logger, handler: handler)
        watch?.watch(consumer)
        var services = services
        if let web = ports.web {
            let http = try await HTTPService.bind(web.address, flag: "--web", limits: WebService.limits)
            logger.info("serving the console", metadata: ["address": "\(http.address)"])
            let desk = WebDesk(database: configuration.database, redaction: [], allowsChanges: false, isAlone: false)
            services.append(WebService(http, place: web, desk: desk).beside(logger))
        }
        if let listen = ports.listen {
            let http = try await HTTPService.bind(listen.address, flag: "--listen")
            logger.info("listening for commands", metadata: ["address": "\(http.address)"])
            services.append(ListenService(http, token: listen.token, consumer: consumer))
        }
        let end = ServiceEnd(of: consumer)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: (services + [end]).map { service in
                    .init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)
                }, logger: quiet))
        try await ServiceNotices.during(consumer, configuration) { stops in
            do {
                try await untilSecondSignal(group, stops: stops)
            } catch let interruption as Failure where interruption.exit == .interrupted {
                throw end.failure ?? interruption
            }
        }
    }

    /// - Parameter stops: is told of the first signal.
    /// - Throws: what the group ended with; after a second signal, whatever that was, `Failure` with exit code 130.
    static func untilSecondSignal(_ group: ServiceGroup, stops: @escaping @Sendable () -> Void = {}) async throws {
        try await withThrowingTaskGroup(of: End.self) { tasks in
            tasks.addTask {
                try await group.run()
                return .ended
            }
            tasks.addTask {
                await StopSignals.second {
                    stops()
                    await group.triggerGracefulShutdown()
                }
                return .secondSignal
            }
            let first = try await tasks.next()
            tasks.cancelAll()
            guard case .secondSignal = first else { return }
            // The consumer still writes down what it has in memory.
            _ = try? await tasks.next()
            throw Failure(.interrupted, "stopped at once; what was in hand is tried again after the next start")
        }
    }
}
