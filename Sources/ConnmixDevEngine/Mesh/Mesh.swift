import NIOConcurrencyHelpers
import NIOCore

/// The shell around ``MeshMemory``: sockets, end users and feeds. Lives on one event loop.
///
/// Whatever happens ends with ``endTurn()``: queues are pumped, output is flushed, waiters look at the new state.
final class Mesh {
    let loop: any EventLoop
    let chatPath: String
    let host: String
    /// Where the first node listens; 0 for free ports.
    let firstPorts: (api: Int, chat: Int)
    let tls: ServerTLS?
    var memory: MeshMemory
    var shells: [NodeShell] = []
    var received = CommandLog()
    var applied = CommandLog()
    var feeds: [FeedRun] = []
    var centerBehaviour = DevEngine.CenterBehaviour.normal
    var centerListener: (any Channel)?
    var centerPort = 0
    var centerChildren: [ObjectIdentifier: NodeShell.Child] = [:]
    let directory: NIOLockedValueBox<[NodeInfo]>

    var dirty: [WebSocketLink] = []
    var paused: [ChatConnection] = []
    var watchers: [Int: Watcher] = [:]
    let notices: AsyncStream<DevEngine.Notice>.Continuation
    var noticeBook = NoticeBook()
    var patience = PatienceWatch()
    /// API connections that were found to speak the other dialect.
    var toldDialect: Set<Int> = []
    var isStopped = false
    private var lastConnection = 0
    private var isEnding = false
    private var endsAgain = false
    private var isContinuing = false

    init(
        loop: any EventLoop, configuration: DevEngine.Configuration, tls: ServerTLS?,
        directory: NIOLockedValueBox<[NodeInfo]>, notices: AsyncStream<DevEngine.Notice>.Continuation
    ) {
        self.loop = loop
        self.host = configuration.host
        self.chatPath = configuration.chatPath
        self.tls = tls
        self.directory = directory
        self.notices = notices
        self.firstPorts = (configuration.apiPort, configuration.chatPort)
        self.memory = MeshMemory(settings: configuration.settings, milliseconds: wallClockMilliseconds())
    }

    var bound: NIOLoopBound<Mesh> { NIOLoopBound(self, eventLoop: self.loop) }

    func nextConnection() -> Int {
        self.lastConnection += 1
        return self.lastConnection
    }

    /// Pumps the queues, flushes what was written, and tells the waiters.
    func endTurn() {
        guard !self.isEnding else {
            self.endsAgain = true
            return
        }
        self.isEnding = true
        var rounds = 0
        var isDone = true
        repeat {
            self.endsAgain = false
            isDone = self.pump()
            self.flushDirty()
            self.resumePaused()
            rounds += 1
        } while self.endsAgain && rounds < 4
        self.isEnding = false
        if !isDone || self.endsAgain { self.continueLater() }
        self.tellRemarks()
        self.tellWatchers()
    }

    /// Lets other sockets have their turn first.
    private func continueLater() {
        guard !self.isContinuing, !self.isStopped else { return }
        self.isContinuing = true
        let bound = self.bound
        self.loop.execute {
            bound.value.isContinuing = false
            bound.value.endTurn()
        }
    }

    private func flushDirty() {
        guard !self.dirty.isEmpty else { return }
        let links = self.dirty
        self.dirty.removeAll(keepingCapacity: true)
        for link in links { link.flush() }
    }

    private func resumePaused() {
        guard !self.paused.isEmpty else { return }
        self.paused.removeAll { $0.resumeIfDrained() }
    }

    func publishDirectory() {
        let running = self.shells.filter { self.memory.nodes[$0.place].isRunning }.map(\.info)
        self.directory.withLockedValue { $0 = running }
    }

    // MARK: places

    func shell(_ id: String) throws(DevEngineError) -> NodeShell {
        guard let place = self.memory.place(of: id) else { throw .unknownNode(id) }
        return self.shells[place]
    }

    /// The named node, or the first running one.
    func running(_ id: String?) throws(DevEngineError) -> NodeShell {
        if let id {
            let shell = try self.shell(id)
            guard self.memory.nodes[shell.place].isRunning else {
                throw DevEngineError(.nodeNotRunning, "node \(id) is stopped")
            }
            return shell
        }
        guard let place = self.memory.nodes.firstIndex(where: \.isRunning) else {
            throw DevEngineError(.nodeNotRunning, "no node is running")
        }
        return self.shells[place]
    }
}
