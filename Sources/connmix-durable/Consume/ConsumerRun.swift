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
    /// How many connections each of the two may have at once.
    private(set) var listenConnections = HTTPService.Limits().connections
    private(set) var webConnections = WebService.limits.connections

    init() {}

    /// - Throws: `Failure` where strangers would be served.
    init(_ options: ConsumeOptions) throws {
        metrics = options.metrics
        listen = try options.listen.map { try ServedPlace($0, tokenFile: options.listenTokenFile, .listen) }
        web = try options.web.map { try ServedPlace($0, tokenFile: options.webTokenFile, .consumersConsole) }
    }

    /// How descriptors are shared out where there may be so many.
    func budget(_ limit: Int) -> DescriptorBudget {
        DescriptorBudget(
            limit: limit, metrics: metrics == nil ? 0 : MetricsServer.connectionLimit,
            ports: (listen == nil ? [] : [listenConnections]) + (web == nil ? [] : [webConnections]))
    }

    /// Takes as many connections as the budget has.
    ///
    /// - Parameter handlers: the descriptors that these need, all of them.
    /// - Returns: whether they are fewer than they would be.
    mutating func fit(_ budget: DescriptorBudget, beside handlers: Int) -> Bool {
        var given = budget.connections(beside: handlers)
        if web != nil, let last = given.popLast() { webConnections = last }
        if listen != nil, let last = given.popLast() { listenConnections = last }
        return budget.ports != budget.connections(beside: handlers)
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
        for file in [ports.listen, ports.web].compactMap({ $0?.openTokenFile }) {
            logger.warning("every user of this machine may read the token; make its file mode 600", metadata: ["file": "\(file)"])
        }
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
            var limits = WebService.limits
            limits.connections = ports.webConnections
            let http = try await HTTPService.bind(web.address, flag: "--web", limits: limits)
            logger.info("serving the console", metadata: ["address": "\(http.address)"])
            let desk = WebDesk(database: configuration.database, redaction: [], allowsChanges: false, isAlone: false)
            services.append(WebService(http, place: web, desk: desk).beside(logger))
        }
        if let listen = ports.listen {
            var limits = HTTPService.Limits()
            limits.connections = ports.listenConnections
            let http = try await HTTPService.bind(listen.address, flag: "--listen", limits: limits)
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
