internal import DequeModule

/// The nodes as the relay sees them: which are listed, which are connected, and how much each takes. Pure.
struct Routes: Sendable {
    /// A connection, named by the node's id: there is one a node.
    struct Route: Sendable {
        let number: Int
        let node: String
        /// HTTP in place of a WebSocket: no calls.
        let takesOnlyMesh: Bool
        /// Microseconds since 1970.
        var openedAt: Int64
        var window: SendWindow
        /// The socket takes what is written.
        var isOpen = true
        /// Commands in flight that are not overdue.
        var inTime = 0
        var testing = Testing.nothing
        /// A command may go alone again from then on; until then it is the others' turn.
        var aloneAfter: Int64 = .min
        /// Commands that wait for their turn to go alone.
        var suspects: Deque<Int64> = []
        /// Commands that can go nowhere else and wait for room.
        var crowd: Deque<Int64> = []
    }

    /// A command that may be why connections close goes with nothing beside it.
    enum Testing: Sendable, Equatable {
        case nothing
        /// It waits until all others have landed; none is sent meanwhile.
        case soon(Int64)
        case now(Int64)
    }

    /// A connection that stood for so long did not fail because of how it began, in microseconds.
    private static let proven: Int64 = 10_000_000

    private let replyTimeout: Duration
    /// A change through a dictionary's subscript allocates; one in an array does not, and there are a few for each command.
    private var routes: [Route] = []
    private var places: [String: Int] = [:]
    private var lastNumber = 0
    private(set) var listed: Set<String> = []
    /// The center's list was read once: before that no node is missing.
    var isDirectoryKnown = false
    /// Nodes that are gone, and the ids that listen at their addresses since.
    private var successors: [String: String] = [:]
    /// Since when a node that a command needs is not listed, in microseconds since 1970.
    private var missingSince: [String: Int64] = [:]
    /// Since when a node that is listed or needed is not connected.
    private var awaySince: [String: Int64] = [:]
    /// How many connections to the node were lost soon, one after the other.
    private var losses: [String: Int] = [:]

    init(replyTimeout: Duration) {
        self.replyTimeout = replyTimeout
    }

    subscript(node: String) -> Route? { places[node].map { routes[$0] } }

    /// Changes the route to the node, where there is one.
    @discardableResult @inline(__always)
    mutating func update<T>(_ node: String, _ body: (inout Route) -> T) -> T? {
        guard let place = places[node] else { return nil }
        return body(&routes[place])
    }

    var connected: [String] { routes.map(\.node) }

    // MARK: What is told

    mutating func listed(_ node: String, now: Int64) {
        listed.insert(node)
        missingSince[node] = nil
        if !takesCalls(node) { awaySince[node] = awaySince[node] ?? now }
    }

    /// The id left the center's list: it may come back within the grace period.
    mutating func unlisted(_ node: String, now: Int64) {
        listed.remove(node)
        missingSince[node] = now
    }

    mutating func replaced(_ node: String, by successor: String, now: Int64) {
        listed.remove(node)
        awaySince[node] = nil
        successors[successor] = nil  // it is alive; an id that came back would close a circle
        successors[node] = successor
        listed(successor, now: now)
    }

    mutating func connected(_ node: String, takesOnlyMesh: Bool, now: Int64) {
        lastNumber += 1
        assert(places[node] == nil, "a second connection to a node, and the first one was not lost")
        places[node] = routes.count
        routes.append(
            Route(
                number: lastNumber, node: node, takesOnlyMesh: takesOnlyMesh, openedAt: now,
                window: SendWindow(replyTimeout: replyTimeout, losses: losses[node] ?? 0)))
        if !takesOnlyMesh { awaySince[node] = nil }
    }

    /// - Returns: commands that waited for room on it.
    mutating func disconnected(_ node: String, now: Int64) -> [Int64] {
        guard let place = places[node] else { return [] }
        let route = routes.remove(at: place)
        places = Dictionary(uniqueKeysWithValues: routes.enumerated().map { ($1.node, $0) })
        losses[node] = now - route.openedAt < Self.proven ? (losses[node] ?? 0) + 1 : nil
        awaySince[node] = awaySince[node] ?? now
        let next: [Int64] = if case .soon(let id) = route.testing { [id] } else { [] }
        return next + route.suspects + route.crowd
    }

    mutating func shift(by jump: Int64) {
        for node in missingSince.keys { missingSince[node]? += jump }
        for node in awaySince.keys { awaySince[node]? += jump }
        for place in routes.indices {
            routes[place].openedAt += jump
            routes[place].window.shift(by: jump)
            if routes[place].aloneAfter > .min { routes[place].aloneAfter += jump }
        }
    }

    // MARK: What is asked

    /// The id that a node has now.
    func currentID(_ node: String) -> String {
        guard !successors.isEmpty else { return node }
        var id = node
        while let successor = successors[id] { id = successor }
        return id
    }

    /// No connection to the node stands for long. Every other one counts as if it might, lest a command that ends each of them is never
    /// found out.
    func isFlapping(_ node: String) -> Bool {
        let losses = losses[node] ?? 0
        return losses >= 10 && losses % 2 == 1
    }

    func isReplaced(_ node: String) -> Bool { successors[node] != nil }

    func takes(_ node: String, _ kind: Command.Kind) -> Bool {
        places[node].map { !routes[$0].takesOnlyMesh || kind.isMesh } ?? false
    }

    private func takesCalls(_ node: String) -> Bool { places[node].map { !routes[$0].takesOnlyMesh } ?? false }

    /// A command that goes alone makes its room itself.
    func hasRoom(_ node: String, for item: OutgoingCommand) -> Bool {
        guard let place = places[node], routes[place].isOpen else { return false }
        return hasRoom(routes[place], for: item)
    }

    private func hasRoom(_ route: Route, for item: OutgoingCommand) -> Bool {
        guard route.isOpen else { return false }
        return item.goesAlone || route.testing == .nothing && route.window.hasRoom(for: item.bytes)
    }

    /// The node with the fewest commands in flight, of those that have room, else of all; `nil` where none takes it.
    func leastLoaded(except asked: Set<String>, for item: OutgoingCommand) -> String? {
        var best: (isFull: Bool, load: Int, node: String)?
        for route in routes where !asked.contains(route.node) && (!route.takesOnlyMesh || item.command.kind.isMesh) {
            let candidate = (!hasRoom(route, for: item), route.window.commands, route.node)
            if best.map({ Self.isBefore(candidate, $0) }) ?? true { best = candidate }
        }
        return best?.node
    }

    private static func isBefore(_ left: (Bool, Int, String), _ right: (Bool, Int, String)) -> Bool {
        if left.0 != right.0 { return right.0 }
        return (left.1, left.2) < (right.1, right.2)
    }

    /// Since when a node that is not connected is away; from now on where nobody asked before.
    mutating func away(_ node: String, now: Int64) -> Int64 {
        let since = awaySince[node] ?? now
        awaySince[node] = since
        return since
    }

    /// Since when the node is in no list; `nil` where it is listed, or where no list was read yet.
    mutating func missing(_ node: String, now: Int64) -> Int64? {
        guard isDirectoryKnown, !listed.contains(node) else { return nil }
        let since = missingSince[node] ?? now
        missingSince[node] = since
        return since
    }

    /// Every node that could be asked, connected or not.
    func isEveryNode(in asked: Set<String>) -> Bool {
        !asked.isEmpty && listed.isSubset(of: asked) && routes.allSatisfy { asked.contains($0.node) }
    }
}
