import NIOCore

/// A consumer's WebSocket to a node.
final class ApiConnection: WebSocketSession, CommandOrigin {
    private let mesh: Mesh
    let place: Int
    let connection: Int
    private(set) var link: WebSocketLink?
    private(set) var lastTraffic = NIODeadline.now()
    private var timeout: Scheduled<Void>?

    init(mesh: Mesh, place: Int, connection: Int) {
        self.mesh = mesh
        self.place = place
        self.connection = connection
    }

    func opened(_ link: WebSocketLink) {
        self.link = link
        self.mesh.opened(self)
        self.watchTimeout()
    }

    func received(text: ByteBuffer) {
        self.lastTraffic = .now()
        guard text.readableBytes <= self.mesh.memory.settings.frameLimit else {
            self.link?.close(code: 1009)
            return
        }
        self.mesh.received(text, from: self)
    }

    func receivedPing() {
        if self.mesh.memory.settings.pingResetsReadTimeout { self.lastTraffic = .now() }
    }

    func closed() {
        self.timeout?.cancel()
        self.timeout = nil
        self.mesh.closed(self)
        self.link = nil
    }

    /// Closes the connection when nothing came in for the read timeout, and looks again when it may be due.
    func watchTimeout() {
        self.timeout?.cancel()
        guard let link = self.link, link.isOpen else { return }
        let due = self.lastTraffic + TimeAmount(bounded: self.mesh.memory.settings.readTimeout)
        let now = NIODeadline.now()
        if due <= now, !self.mesh.memory.nodes[self.place].isCut {
            link.drop(reset: false)
            return
        }
        let bound = NIOLoopBound(self, eventLoop: self.mesh.loop)
        self.timeout = self.mesh.loop.scheduleTask(deadline: max(due, now + .milliseconds(1))) {
            bound.value.watchTimeout()
        }
    }

    /// A healed node does not count the time it was cut.
    func forgiveSilence() {
        self.lastTraffic = .now()
        self.watchTimeout()
    }

    // MARK: CommandOrigin

    func answer(_ answer: Answer, id: UnsafeRawBufferPointer) {
        let dialect = self.mesh.memory.settings.dialect
        self.link?.output { answer.writeFrame(id: id, dialect: dialect, into: &$0) }
    }

    func answer(raw: String) { self.link?.write(text: raw.utf8) }

    func drop(reset: Bool) { self.link?.drop(reset: reset) }
}
