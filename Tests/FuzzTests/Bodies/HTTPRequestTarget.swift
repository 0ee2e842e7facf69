@testable import ConnmixDurable
@testable import connmix_durable
import NIOCore
import NIOEmbedded
import NIOHTTP1

/// What comes to the ports of `--listen` and `--metrics`: the servers' pipelines, `ListenCall` and `ListenToken`.
enum HTTPRequestTarget {
    @Sendable static func run(_ bytes: UnsafeRawBufferPointer) throws {
        let whole = try listen([bytes])
        guard Thoroughness.isDrawn(bytes) else { return }
        let pieces = bytes.pieces
        try hold(try listen(pieces) == whole, "requests are the same in pieces")
        let answers = try metrics([bytes])
        try hold(answers == (try metrics(pieces)), "answers are the same in pieces")
        try hold(answers.count <= 1, "a connection gets one answer")
    }

    private static let token = ListenToken("0123456789abcdef")

    /// What became of a request.
    private enum Fate: Equatable {
        case taken(Command, wait: Duration?)
        case refused(Int, reason: String)
    }

    private static func listen(_ pieces: [UnsafeRawBufferPointer]) throws -> [Fate] {
        try ServedRequests.fates(of: pieces) { request in try [token, nil].map { try call(request, $0) } }
    }

    private static func metrics(_ pieces: [UnsafeRawBufferPointer]) throws -> [String] {
        let channel = EmbeddedChannel()
        var asked: [String] = []
        try MetricsServer.addHandlers(to: channel.pipeline.syncOperations, patience: MetricsServer.patience) { path in
            asked.append(path)
            return path == "/metrics" ? .init(body: "connmix_up 1\n") : nil
        }
        try ServedRequests.feed(channel, pieces)
        channel.embeddedEventLoop.advanceTime(by: MetricsServer.patience)
        try hold(!channel.isActive, "a connection ends in time")
        _ = try? channel.finish(acceptAlreadyClosed: true)
        return asked
    }

    private static func call(_ request: HTTPService.Request, _ token: ListenToken?) throws -> Fate {
        let call: ListenCall
        do throws(ListenCall.Refusal) {
            call = try ListenCall(request, token: token)
        } catch {
            try hold(error.reason.utf8.count <= 1_000, "a refusal is bounded")
            try hold(error.status.code >= 400, "a refusal is one")
            return .refused(Int(error.status.code), reason: error.reason)
        }
        if token != nil {
            let given = request.headers.first(name: "Authorization") ?? ""
            try hold(given.hasSuffix("0123456789abcdef") && given.utf8.count == 23, "nobody pushes without the token")
        }
        if token == nil { try hold(!request.headers.contains(name: "Origin"), "no browser pushes") }
        let methods = ["/v1/mesh/send": "mesh.send", "/v1/mesh/publish": "mesh.publish"]
        if let method = methods[request.path] {
            try hold(call.command.method == method, "a path takes its own command: \(call.command.method) at \(request.path)")
            try hold(EngineReading.isJSON(request.body), "what is taken is JSON")
        }
        try hold(!["queue.pop", "queue.unpop", "server.ping"].contains(call.command.method), "the consumer's own is refused")
        if let wait = call.wait { try hold(wait > .zero && wait <= .seconds(ListenCall.longestWait), "a wait is bounded") }
        return .taken(call.command, wait: call.wait)
    }
}
