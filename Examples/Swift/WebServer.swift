import ConnmixDurable
import NIOCore
import NIOHTTP1
import NIOPosix

/// A web server that pushes to end users: it puts commands into the consumer's file and answers once they are on disk. It needs neither
/// the engine nor the consumer at that moment. In real life it is another process, on the same machine.
enum WebServer {
    typealias Answer = HTTPPart<HTTPResponseHead, ByteBuffer>

    /// `POST /rooms/7` with a text publishes it to the room.
    static func serve(
        _ outbox: SharedOutbox, _ body: (_ port: Int) async throws -> Void
    ) async throws {
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(ResponseParts())
                    return try NIOAsyncChannel<HTTPServerRequestPart, Answer>(wrappingChannelSynchronously: channel)
                }
            }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await server.executeThenClose { connections in
                    for try await connection in connections { try await answer(connection, outbox) }
                }
            }
            try await body(server.channel.localAddress?.port ?? 0)
            group.cancelAll()
        }
    }

    private static func answer(_ connection: NIOAsyncChannel<HTTPServerRequestPart, Answer>, _ outbox: SharedOutbox) async throws
    {
        try await connection.executeThenClose { requests, answers in
            var (path, body) = ("", ByteBuffer())
            for try await part in requests {
                switch part {
                case .head(let head): path = head.uri
                case .body(var bytes): body.writeBuffer(&bytes)
                case .end:
                    let (room, text) = (path.replacing("/rooms/", with: ""), String(buffer: body))
                    // A commit takes some milliseconds: not on the event loop.
                    let id = try await NIOThreadPool.singleton.runIfActive {
                        try outbox.enqueue(.meshPublish(to: "room:\(room)", text))
                    }
                    let answer = ByteBuffer(string: "{\"id\":\(id)}")
                    let headers: HTTPHeaders = ["content-length": "\(answer.readableBytes)", "connection": "close"]
                    try await answers.write(.head(HTTPResponseHead(version: .http1_1, status: .accepted, headers: headers)))
                    try await answers.write(.body(answer))
                    try await answers.write(.end(nil))
                    return
                }
            }
        }
    }

    private final class ResponseParts: ChannelOutboundHandler {
        typealias OutboundIn = Answer
        typealias OutboundOut = HTTPServerResponsePart

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            let part: HTTPServerResponsePart =
                switch unwrapOutboundIn(data) {
                case .head(let head): .head(head)
                case .body(let bytes): .body(.byteBuffer(bytes))
                case .end(let trailers): .end(trailers)
                }
            context.write(wrapOutboundOut(part), promise: promise)
        }
    }

    // MARK: the play

    private static func makeHandlers() -> Handlers {
        Handlers(all: { message, context in
            try context.subscribe(message.client, to: "room:7")
            try context.meshSend(to: message.client, "you are in room 7")
        })
    }

    private static func post(_ text: String, to path: String, port: Int) async throws {
        let client = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let answer = try await client.executeThenClose { inbound, outbound in
            try await outbound.write(
                ByteBuffer(
                    string: "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)"))
            var answer = ByteBuffer()
            for try await var bytes in inbound { answer.writeBuffer(&bytes) }
            return String(buffer: answer)
        }
        let lines = answer.split(separator: "\r\n")
        print("POST \(path) \"\(text)\" -> \(lines.first ?? "") \(lines.last ?? "")")
    }

    @Sendable static func play(_ stage: Stage) async throws {
        var ann = try await Person("ann", on: stage.engine)
        try await stage.consuming(makeHandlers()) {
            try await ann.says("hello")
            await ann.hears()
            try await serve(try SharedOutbox(database: stage.database)) { port in
                try await post("closed at ten", to: "/rooms/7", port: port)
            }
            await ann.hears()
        }
        print("-- the consumer is stopped: what is pushed now waits in the file")
        try await serve(try SharedOutbox(database: stage.database)) { port in
            try await post("open again", to: "/rooms/7", port: port)
        }
        print("-- and is sent once it runs again")
        try await stage.consuming(makeHandlers()) { await ann.hears() }
    }
}
