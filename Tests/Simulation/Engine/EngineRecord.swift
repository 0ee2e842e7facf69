/// What end users sent, what nodes handed out, received and answered: one of the two sides that the checker compares.
final class EngineRecord: @unchecked Sendable {
    /// What occurred, for the report.
    enum Sight: String, CaseIterable {
        case kill = "kills"
        case killInCommit = "kills inside a commit"
        case killByHandler = "kills by a handler"
        case powerLoss = "power losses"
        case tornWrite = "torn writes"
        case droppedWrite = "dropped writes"
        case keptWrite = "un-synced writes kept"
        case gracefulStop = "graceful stops"
        case failedStart = "starts that failed"
        case diskFault = "disk faults"
        case diskEpisode = "episodes of a sick disk"
        case consumerPause = "pauses by the consumer"
        case clockJump = "clock jumps"
        case nodeRestart = "node restarts"
        case nodeCut = "connections cut"
        case nodeHang = "nodes that hang"
        case nodeStall = "nodes whose bytes stand still"
        case nodeClose = "closes by a node"
        case nodeUnlisted = "nodes missing from the list"
        case cutBefore = "cuts before a command was applied"
        case cutAfter = "cuts after a command was applied"
        case unanswered = "commands without an answer"
        case lateAnswer = "late answers"
        case oddRefusal = "unknown refusals"
        case goneClient = "end users gone"
        case nonsense = "nonsense from nodes and centers"
        case sickCenter = "sick centers"
        case slowNetwork = "slow networks"
        case operatorVerb = "operators' verbs"
        case repeatedCommand = "commands received more than once"
        case retriedHandler = "attempts after the first"
        case stagedAndThrown = "handlers that staged commands and threw"
        case lostMessage = "messages lost and accounted for"
        case overlap = "events during a commit"
    }

    struct Message {
        let client: String
        let node: String
        let topic: String
        var isHandedOut = false
        /// The process that took it from its socket; 0: none did.
        var reader = 0
        var entries: [Int64] = []
        var isAccountedFor = false
    }

    struct Command {
        var received = 0
        var answers: [Int?] = []
        var nodes: [String] = []
        /// It was left without an answer, or with one that came late.
        var wasLeft = false
    }

    /// When somebody took what waits at a node: from, and up to.
    typealias Span = (from: World.Time, to: World.Time?)

    private(set) var consumption: [String: [Span]] = [:]
    var unlistedNodes: Set<String> = []
    /// Whose place a node has taken. A consumer that has not heard of it calls it by that one's name.
    var predecessors: [String: String] = [:]
    /// Nodes hang, are mute or stand still until then, or have done so until just now.
    var silentUntil: World.Time = 0
    private(set) var messages: [Message] = []
    private(set) var commands: [String: Command] = [:]
    private(set) var sights: [Sight: Int] = [:]
    private(set) var faults: [String] = []
    /// Told of each command when it arrives for the first time.
    var onFirst: (_ tag: String, _ node: String) -> Void = { _, _ in }
    /// Told of each command when it arrives again, and of when it was written.
    var onRepeat: (_ tag: String, _ writtenAt: World.Time) -> Void = { _, _ in }
    /// Told of each answer.
    var onAnswer: (_ tag: String) -> Void = { _ in }

    func saw(_ sight: Sight, _ count: Int = 1) {
        if count > 0 { sights[sight, default: 0] += count }
    }

    func fault(_ text: String) { faults.append(text) }

    // MARK: Messages

    func pushed(client: String, node: String, topic: String) -> Int {
        messages.append(Message(client: client, node: node, topic: topic))
        return messages.count - 1
    }

    func overflowed(_ serial: Int) { messages[serial].isAccountedFor = true }
    func diedWithNode(_ serial: Int) { messages[serial].isAccountedFor = true }

    func handedOut(_ serial: Int) -> (client: String, topic: String) {
        messages[serial].isHandedOut = true
        return (messages[serial].client, messages[serial].topic)
    }

    func read(_ serials: [Int], by process: Int) {
        for serial in serials { messages[serial].reader = process }
    }

    func journaled(_ serial: Int, as entry: Int64) {
        guard messages.indices.contains(serial) else {
            return fault("P2: entry \(entry) is a message that nobody sent: m\(serial)")
        }
        messages[serial].entries.append(entry)
    }

    func accountedFor(_ serial: Int) { messages[serial].isAccountedFor = true }

    func consumed(_ node: String, _ isConsumed: Bool, at now: World.Time) {
        let last = consumption[node, default: []].indices.last
        let isOpen = last.map { consumption[node]?[$0].to == nil } ?? false
        if isConsumed, !isOpen { consumption[node, default: []].append((now, nil)) }
        if !isConsumed, isOpen, let last { consumption[node]?[last].to = now }
    }

    // MARK: Commands

    func received(_ tag: String, by node: String, writtenAt: World.Time) {
        if commands[tag, default: Command()].received > 0 {
            saw(.repeatedCommand)
            onRepeat(tag, writtenAt)
        }
        if commands[tag, default: Command()].received == 0 { onFirst(tag, node) }
        commands[tag, default: Command()].received += 1
        commands[tag]?.nodes.append(node)
    }

    func left(_ tag: String) { commands[tag]?.wasLeft = true }

    func answered(_ tag: String, code: Int?) {
        commands[tag]?.answers.append(code)
        onAnswer(tag)
    }
}
