internal import ConnmixDurable
internal import NIOCore

/// Who sits at the other end of a connection.
protocol ServerSide: AnyObject {
    func received(_ bytes: ByteBuffer)
    func closed()
}

/// Bytes, and the messages that are in them.
struct Parcel {
    var bytes: ByteBuffer
    var messages: [Int] = []
}

/// Addresses, and how fast and faithfully bytes go. Each direction keeps its order.
final class Network: @unchecked Sendable {
    struct Refused: Error, CustomStringConvertible { var description: String { "connection refused (simulated)" } }

    let world: World
    /// Answers for an address; `nil`: nobody is there.
    var listener: (NodeAddress, Link) -> (any ServerSide)? = { _, _ in nil }
    /// Told of messages that a process takes from its socket.
    var onRead: ([Int], _ owner: Int) -> Void = { _, _ in }
    private(set) var links: [Link] = []
    var isSlow = false

    init(world: World) {
        self.world = world
    }

    func connect(_ channel: SimulatedChannel, to address: NodeAddress, _ done: @escaping ((any Error)?) -> Void) {
        let link = Link(network: self, channel: channel, address: address)
        world.after(delay(), .network, owner: channel.loop.owner) { [self] in
            channel.loop.enter {
                guard channel.isOpen else { return done(ChannelError.ioOnClosedChannel) }
                guard let server = listener(address, link) else { return done(Refused()) }
                link.server = server
                channel.link = link
                links.append(link)
                done(nil)
            }
        }
    }

    func delay() -> World.Time {
        let usual = world.dice.time(50...800)
        if isSlow { return usual * 200 }
        return world.dice.happens(oneIn: 200) ? usual * 50 : usual
    }

    func remove(_ link: Link) { links.removeAll { $0 === link } }
}

/// One connection.
final class Link: @unchecked Sendable {
    let network: Network
    let address: NodeAddress
    private weak var channel: SimulatedChannel?
    var server: (any ServerSide)?
    private var isOpen = true
    /// Bytes neither arrive nor are lost.
    var isStalled = false { didSet { if !isStalled { flow() } } }
    private var upward: [(bytes: ByteBuffer, at: World.Time)] = []
    /// When the client wrote what the server received last.
    private(set) var writtenAt: World.Time = 0
    private var downward: [Parcel?] = []
    private var upArrives: World.Time = 0
    private var downArrives: World.Time = 0
    private(set) var bytesUnderWay = 0

    init(network: Network, channel: SimulatedChannel, address: NodeAddress) {
        self.network = network
        self.channel = channel
        self.address = address
    }

    private var world: World { network.world }
    private var owner: Int { channel?.loop.owner ?? 0 }

    // MARK: The client

    func send(_ bytes: ByteBuffer) {
        guard isOpen else { return }
        upward.append((bytes, world.now))
        bytesUnderWay += bytes.readableBytes
        upArrives = max(upArrives + 1, world.now + network.delay())
        world.after(upArrives - world.now, .network) { self.flow() }
    }

    func closedByClient() {
        guard isOpen else { return }
        isOpen = false
        network.remove(self)
        // What was written before arrives before the end.
        let (rest, server) = (upward, server)
        upward = []
        upArrives = max(upArrives + 1, world.now + network.delay())
        world.after(upArrives - world.now, .network) { [self, isStalled] in
            for (bytes, at) in rest where !isStalled {
                writtenAt = at
                server?.received(bytes)
            }
            server?.closed()
        }
        self.server = nil
    }

    // MARK: The server

    func reply(_ bytes: ByteBuffer, messages: [Int] = []) {
        guard isOpen else { return }
        push(Parcel(bytes: bytes, messages: messages))
    }

    /// Closes in order: what was written before arrives.
    func finish() {
        guard isOpen else { return }
        push(nil)
    }

    private func push(_ parcel: Parcel?) {
        downward.append(parcel)
        downArrives = max(downArrives + 1, world.now + network.delay())
        world.after(downArrives - world.now, .network, owner: owner) { self.flow() }
    }

    /// Lost: nothing that is under way arrives.
    func cut() {
        guard isOpen else { return }
        isOpen = false
        network.remove(self)
        upward = []
        downward = []
        let server = server
        self.server = nil
        server?.closed()
        world.after(network.delay(), .network, owner: owner) { [weak channel] in
            guard let channel else { return }
            channel.loop.enter { channel.ended() }
        }
    }

    // MARK: -

    private func flow() {
        guard !isStalled else { return }
        if isOpen, !upward.isEmpty, world.now >= upArrives || upward.count > 1 {
            let (bytes, at) = upward.removeFirst()
            writtenAt = at
            bytesUnderWay -= bytes.readableBytes
            server?.received(bytes)
            if let channel { channel.loop.enter { channel.reviewWritability() } }
            if !upward.isEmpty { world.after(1, .network) { self.flow() } }
        }
        guard let channel, !downward.isEmpty, isOpen else { return }
        channel.loop.enter {
            while !downward.isEmpty {
                guard let parcel = downward.removeFirst() else { return channel.ended() }
                channel.arrived(parcel)
            }
            channel.readIfWanted()
        }
    }
}
