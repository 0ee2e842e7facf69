import NIOCore

/// An end user's WebSocket.
final class ChatConnection: WebSocketSession {
    /// So many frames are held back before the socket is no longer read.
    private static let pauseAbove = 64

    private let mesh: Mesh
    let place: Int
    /// Of its request, as a JSON object.
    private let headers: [UInt8]
    private(set) var client: UInt64 = 0
    private(set) var link: WebSocketLink?
    private var isPaused = false

    init(mesh: Mesh, place: Int, headers: [UInt8]) {
        self.mesh = mesh
        self.place = place
        self.headers = headers
    }

    func opened(_ link: WebSocketLink) {
        self.link = link
        self.client = self.mesh.connect(.chat(self), to: self.place, headers: self.headers)
    }

    func received(text: ByteBuffer) {
        self.mesh.userFrame(text, from: self.client)
        if !self.isPaused, self.heldFrames > Self.pauseAbove {
            self.isPaused = true
            self.link?.valve?.setPaused(true)
            self.mesh.paused.append(self)
        }
    }

    /// False while it has to stay paused.
    func resumeIfDrained() -> Bool {
        guard self.link != nil else { return true }
        guard self.heldFrames <= Self.pauseAbove / 2 else { return false }
        self.isPaused = false
        self.link?.valve?.setPaused(false)
        return true
    }

    func receivedPing() {}

    func closed() {
        self.link = nil
        self.mesh.disconnect(self.client)
    }

    private var heldFrames: Int { self.mesh.memory.nodes[self.place].clients[self.client]?.held.count ?? 0 }
}
