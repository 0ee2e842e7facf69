import ConnmixDurable
import NIOHTTP1

/// A request for a command, understood or refused. Pure.
///
/// The paths and bodies are those of the engine's own HTTP API (`/v1/mesh/send`, `/v1/mesh/publish`), so that a program that pushed to
/// the engine changes one address; `/v1/command` takes any request as on the wire.
struct ListenCall: Sendable {
    /// Why nothing was accepted.
    struct Refusal: Error, Equatable {
        let status: HTTPResponseStatus
        let reason: String
        var headers: [String: String] = [:]
    }

    /// The longest that an answer is waited for.
    static let longestWait = 300.0

    let command: Command
    /// How long to wait for the engine's answer; `nil` where the commit is enough.
    let wait: Duration?

    /// - Parameter token: what the caller has to name; `nil` where this machine only is served.
    init(_ request: HTTPService.Request, token: ListenToken?) throws(Refusal) {
        let method = try Self.screen(request, token)
        wait = try Self.wait(request.query["wait"])
        var text = request.body
        if let method {
            // What ends the params early could name another method behind them.
            guard text.withUnsafeBufferPointer({ JSONScanner.isValue($0) }) else {
                throw Refusal(status: .badRequest, reason: "the body is not JSON")
            }
            text = Array("{\"m\":\"\(method)\",\"p\":".utf8) + text + Array("}".utf8)
        }
        do {
            let command = try Command(wire: text)
            guard !["queue.pop", "queue.unpop", "server.ping"].contains(command.method) else {
                throw Refusal(status: .badRequest, reason: "\(command.method) is the consumer's own affair")
            }
            guard let key = request.headers.first(name: "Idempotency-Key") else {
                self.command = command
                return
            }
            self.command = try command.with { $0.idempotencyKey = key }
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            throw Refusal(status: .badRequest, reason: (error as? ConnmixError)?.message ?? "\(error)")
        }
    }

    /// What can be said before the body is there.
    ///
    /// - Returns: the method that the path stands for; `nil` where the body names it.
    @discardableResult
    static func screen(_ request: HTTPService.Request, _ token: ListenToken?) throws(Refusal) -> String? {
        try checkCaller(request, token)
        let method: String? =
            switch request.path {
            case "/v1/mesh/send": "mesh.send"
            case "/v1/mesh/publish": "mesh.publish"
            case "/v1/command": nil
            default:
                throw Refusal(
                    status: .notFound,
                    reason: "there are /v1/mesh/send, /v1/mesh/publish and /v1/command; not \(request.path.shown)")
            }
        guard request.method == .POST else {
            throw Refusal(status: .methodNotAllowed, reason: "a command is sent with POST", headers: ["Allow": "POST"])
        }
        return method
    }

    private static func checkCaller(_ request: HTTPService.Request, _ token: ListenToken?) throws(Refusal) {
        if let token {
            if let problem = token.problem(in: request.headers.first(name: "Authorization")) {
                throw Refusal(status: .unauthorized, reason: problem, headers: ["WWW-Authenticate": "Bearer"])
            }
        } else if request.headers.contains(name: "Origin") {
            // A page in a browser on this machine may not push in its user's name.
            throw Refusal(status: .forbidden, reason: "browsers are not served without a token; see --listen-token-file")
        }
    }

    private static func wait(_ text: String?) throws(Refusal) -> Duration? {
        guard let text else { return nil }
        guard let seconds = Double(text), seconds >= 0, seconds <= longestWait else {
            throw Refusal(status: .badRequest, reason: "wait is \(text.shown); give it 0 to \(Int(longestWait)) seconds")
        }
        return seconds == 0 ? nil : .seconds(seconds)
    }
}

extension String {
    /// Of a caller's text what an error shows.
    fileprivate var shown: String { "\"\(boundedForPeople(100).escapedForTerminal)\"" }
}
