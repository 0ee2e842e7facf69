import ConnmixDurable
import Logging
import NIOHTTP1
import ServiceLifecycle

/// `consume --listen`: commands from other programs over HTTP, in the outbox before they are answered.
struct ListenService: Service {
    private let http: HTTPService
    private let consumer: ConnmixConsumer
    private let token: ListenToken?

    init(_ http: HTTPService, token: ListenToken?, consumer: ConnmixConsumer) {
        (self.http, self.token, self.consumer) = (http, token, consumer)
    }

    func run() async throws {
        try await http.run(screen: { screen($0) }, { await respond(to: $0) })
    }

    /// Whoever may not push sends no body.
    private func screen(_ request: HTTPService.Request) -> HTTPService.Response? {
        do throws(ListenCall.Refusal) {
            try ListenCall.screen(request, token)
            return nil
        } catch { return Self.response(error) }
    }

    private func respond(to request: HTTPService.Request) async -> HTTPService.Response {
        do throws(ListenCall.Refusal) {
            let standing = consumer.standing
            guard standing.isRunning else {
                throw ListenCall.Refusal(
                    status: .serviceUnavailable,
                    reason: "the consumer is \(standing.hasEnded ? "stopping" : "starting"); try again",
                    headers: ["Retry-After": "1"])
            }
            let call = try ListenCall(request, token: token)
            guard !standing.isBacklogged else {
                throw ListenCall.Refusal(
                    status: .tooManyRequests, reason: "more messages wait than --backlog-limit allows; try again later",
                    headers: ["Retry-After": "5"])
            }
            return await perform(call)
        } catch { return Self.response(error) }
    }

    private static func response(_ refusal: ListenCall.Refusal) -> HTTPService.Response {
        var headers: HTTPHeaders = [:]
        for (name, value) in refusal.headers { headers.add(name: name, value: value) }
        return .init(status: refusal.status, body: failure(refusal.reason), headers: headers)
    }

    private func perform(_ call: ListenCall) async -> HTTPService.Response {
        let receipt: Receipt
        do {
            receipt = try await consumer.outbox.enqueue(call.command)
        } catch {
            let known = error as? ConnmixError
            // The disk did not answer in time, and nobody knows: "try again" would be wrong.
            if let known, known.code == .timedOut { return .init(status: .gatewayTimeout, body: Self.failure(known.message)) }
            return .init(
                status: known?.code == .badData ? .badRequest : .serviceUnavailable,
                body: Self.failure(known?.message ?? "\(error)"),
                headers: ["Retry-After": "1"])
        }
        guard let wait = call.wait else { return .init(status: .accepted, body: "{\"id\":\(receipt.id)}\n") }
        do {
            return .init(status: .ok, body: Self.text(try await receipt.answer(within: wait), of: call.command, id: receipt.id))
        } catch {
            let reason = (error as? ConnmixError)?.message ?? "the wait was cut short; the command goes on being sent"
            return .init(status: .gatewayTimeout, body: Self.failure(reason, id: receipt.id))
        }
    }

    /// In the engine's own form, with the command's id.
    private static func text(_ answer: Receipt.Answer, of command: Command, id: Int64) -> String {
        JSONWriter.text { writer in
            if answer.isSuccess {
                writer.key("E"); writer.string(nil)
                writer.key("r")
                writer.object { result in
                    if command.method == "mesh.publish", let delivered = answer.delivered {
                        result.key("s"); result.integer(delivered)
                        result.key("f"); result.integer(answer.failed ?? 0)
                    } else {
                        result.key("s"); result.bool(true)
                    }
                }
            } else {
                writer.key("E")
                writer.object { error in
                    error.key("c"); error.integer(answer.code?.rawValue ?? 0)
                    error.key("m"); error.string(answer.error ?? "\(answer.state)")
                }
            }
            writer.key("id"); writer.integer(id)
        }
    }

    private static func failure(_ reason: String, id: Int64? = nil) -> String {
        JSONWriter.text { writer in
            if let id { writer.key("id"); writer.integer(id) }
            writer.key("error"); writer.string(reason)
        }
    }
}
