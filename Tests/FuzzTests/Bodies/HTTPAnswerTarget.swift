import NIOCore
import NIOEmbedded

@testable import ConnmixDurable

/// What centers and nodes answer over HTTP: `HTTPCall`, from the first byte to the end of the connection.
enum HTTPAnswerTarget {
    private enum End: Equatable {
        case answer(UInt, ByteBuffer)
        case failure(String)
    }

    @Sendable static func run(_ bytes: UnsafeRawBufferPointer) throws {
        let whole = try read([bytes])
        if Thoroughness.isDrawn(bytes) { try hold(try read(bytes.pieces) == whole, "it is the same in pieces") }
        switch whole {
        case .answer(_, let body):
            try hold(body.readableBytes <= bytes.count, "no byte is made up")
            _ = FrameDecoder.outcome(ofHTTP: body)
        case .failure(let words):
            try hold(words.utf8.count <= 600, "an error is bounded: \(words.utf8.count)")
            try hold(words.unicodeScalars.allSatisfy(\.isForPeople), "an error can be shown: \(words.debugDescription)")
        }
    }

    private static let peer = Result { Peer(try CenterAddress("center:6787")) }
    private static let place = Result { try SocketAddress(ipAddress: "127.0.0.1", port: 1) }

    private static func read(_ pieces: [UnsafeRawBufferPointer]) throws -> End {
        let channel = EmbeddedChannel()
        let call = HTTPCall(loop: channel.embeddedEventLoop, peer: try peer.get())
        let promise = channel.embeddedEventLoop.makePromise(of: HTTPCall.Answer.self)
        var end: End?
        try call.addHandlers(to: channel.pipeline.syncOperations, "/v1/nodes", answer: promise)
        promise.futureResult.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let answer): end = .answer(answer.status, answer.body)
            case .failure(let error as HTTPCall.Failure): end = .failure(error.error.message)
            case .failure(let error): end = .failure("\(error)")
            }
        }
        try channel.connect(to: place.get()).wait()
        for piece in pieces where end == nil { _ = try? channel.writeInbound(ByteBuffer(bytes: piece)) }
        _ = try? channel.finish(acceptAlreadyClosed: true)
        channel.embeddedEventLoop.run()
        guard let end else { throw Broken(property: "once the connection is over, the call has ended") }
        return end
    }
}
