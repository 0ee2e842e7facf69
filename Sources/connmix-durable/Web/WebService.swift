import Logging
import NIOHTTP1
import ServiceLifecycle

/// `web` and `consume --web`: the console.
struct WebService: Service {
    /// Browsers keep some connections each. What is asked for is short.
    static let limits = {
        var limits = HTTPService.Limits()
        limits.connections = 64
        limits.bodyBytes = 64 << 10
        return limits
    }()

    private let http: HTTPService
    private let gate: WebGate
    private let desk: WebDesk

    init(_ http: HTTPService, place: ServedPlace, desk: WebDesk) {
        self.http = http
        gate = WebGate(place: place, allowsChanges: desk.allowsChanges)
        self.desk = desk
    }

    /// Beside a consumer: where the console fails the consumer goes on without it.
    func beside(_ logger: Logger) -> some Service { Beside(console: self, logger: logger) }

    private struct Beside: Service {
        let console: WebService
        let logger: Logger

        func run() async throws {
            do {
                try await console.run()
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                logger.error("the console ended, and the consumer goes on without it", metadata: ["reason": "\(error)"])
                try await gracefulShutdown()
            }
        }
    }

    func run() async throws {
        try await desk.working {
            // Not on the one loop that a consumer with workers runs on.
            try await withTaskExecutorPreference(globalConcurrentExecutor) {
                try await http.run(screen: { screen($0) }, { await respond(to: $0) })
            }
        }
    }

    private func screen(_ request: HTTPService.Request) -> HTTPService.Response? {
        do throws(WebRefusal) {
            try gate.check(request)
            return nil
        } catch { return Self.guarded(error.response) }
    }

    private func respond(to request: HTTPService.Request) async -> HTTPService.Response {
        do throws(WebRefusal) {
            return Self.guarded(try await desk.answer(request))
        } catch { return Self.guarded(error.response) }
    }

    /// What every answer says to browsers.
    private static func guarded(_ response: HTTPService.Response) -> HTTPService.Response {
        var response = response
        response.headers.replaceOrAdd(name: "X-Content-Type-Options", value: "nosniff")
        response.headers.replaceOrAdd(name: "X-Frame-Options", value: "DENY")
        response.headers.replaceOrAdd(name: "Referrer-Policy", value: "no-referrer")
        response.headers.replaceOrAdd(name: "Cross-Origin-Resource-Policy", value: "same-origin")
        return response
    }
}
