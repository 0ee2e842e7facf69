internal import CSimulatedMachine

/// Holds the promises against what the model of connmix, the handlers and the file say. It shares no code with the consumer.
final class Checker: @unchecked Sendable {
    struct Entry {
        let serial: Int
        let client: String
        /// As the consumer knew it, which learns late that another one has taken its place.
        let node: String
        /// An operator made it of another one.
        let isReplay: Bool
        /// Ended in the file, as far as was seen.
        var isFinished = false
        /// An operator had a hand in it: its place in its lane is another one.
        var isTouched = false
    }

    struct Command {
        let id: Int64
        let tag: String
        let entry: Int64
        let client: String
        let isCall: Bool
        let isPublish: Bool
        let target: String
        let seenAt: World.Time
        /// Its end was in the file by then.
        var endedAt: World.Time?
        var isSettled = false
        var isTouched = false
    }

    let world: World
    let engine: EngineRecord
    let handlers: HandlerRecord
    let path: String
    let disk: Disk
    var atRiskLimit = 0
    var maxAttempts = 0
    var isNodeUp: (String) -> Bool = { _ in true }
    /// Whether a consumer may take the node for away, or did until just now.
    var mayBeAway: (String) -> Bool = { _ in false }
    private var view: FileView?
    /// Changes of the disk at the last look for what was committed.
    private var scannedAt: Int64 = -1
    /// Calls that later commands did not wait for.
    var suspicions: [(command: Int64, words: String)] = []
    private(set) var entries: [Int64: Entry] = [:]
    private(set) var lastEntry: Int64 = 0
    /// By client: entries that have not ended, in their order.
    var lanes: [String: [Int64]] = [:]
    var commands: [Int64: Command] = [:]
    private var lastCommand: Int64 = 0
    var commandOfTag: [String: Int64] = [:]
    var commandLanes: [String: [Int64]] = [:]
    /// By client or channel.
    var targets: [String: [Int64]] = [:]
    /// Lanes that may have stood aside are given so long to take up their places again.
    var asideUntil: [String: World.Time] = [:]
    /// Commands that have not ended, as far as was seen.
    private(set) var openCommands: Set<Int64> = []
    /// End users that a command has found to be gone.
    var goneClients: Set<String> = []
    private(set) var commandsOfEntry: [Int64: [Int64]] = [:]
    private(set) var atRisk = 0
    /// Messages of the largest read.
    private(set) var largestRead = 0
    private var readBy = 0
    private var isReaderAlive = false
    /// What the living process has read, in its order, up to where it is in the file, and how far it is there at all.
    private var readOrder: [Int] = []
    private var readPlace: [Int: Int] = [:]
    private var wholeUpTo = 0
    private var journaledUpTo = -1
    private(set) var counts: [String: Int] = [:]
    private(set) var violations: [String] = []
    var onViolation: (String) -> Void = { _ in }

    init(world: World, engine: EngineRecord, handlers: HandlerRecord, disk: Disk, path: String) {
        self.world = world
        self.engine = engine
        self.handlers = handlers
        self.disk = disk
        self.path = path
        engine.onFirst = { [weak self] in self?.firstArrival($0, at: $1) }
        engine.onRepeat = { [weak self] in self?.repeated($0, writtenAt: $1) }
        engine.onAnswer = { [weak self] in self?.answered($0) }
    }

    func hold(_ promise: String, _ isKept: Bool, _ otherwise: @autoclosure () -> String) {
        counts[promise, default: 0] += 1
        if !isKept { violated("\(promise): \(otherwise())") }
    }

    func violated(_ text: String) {
        violations.append(text)
        world.note("VIOLATION \(text)")
        onViolation(text)
    }

    // MARK: The file

    func close() {
        view = nil
        scannedAt = -1
    }

    /// Looks at the file.
    @discardableResult
    func look<T>(_ body: (FileView) throws -> T) -> T? {
        disk.sparing {
            if view == nil { view = FileView(path) }
            guard let view else { return nil }
            do {
                return try body(view)
            } catch {
                violated("the file cannot be read: \(error)")
                return nil
            }
        }
    }

    /// Takes note of what was committed since the last look.
    func scan() {
        let changes = simulated_disk_changes()
        guard changes != scannedAt || view == nil else { return }
        let isDone: Void? = look { view in
            try view.begin()
            defer { view.end() }
            try view.each(
                """
                SELECT id, client, json_extract(CAST(data AS TEXT), '$.frame.data'), coalesce(replay_of, 0), node
                FROM journal WHERE id > ?1 ORDER BY id
                """, [lastEntry]
            ) {
                journaled($0.int(0), client: $0.text(1), text: $0.text(2), replayOf: $0.int(3), node: $0.text(4))
            }
            var fresh: [Int64] = []
            try view.each(
                """
                SELECT o.id, iif(o.kind = 4, json_extract(CAST(o.data AS TEXT), '$[1]'), o.data), o.message_id, j.client, o.kind, o.target, j.state
                FROM outbox o LEFT JOIN journal j ON j.id = o.message_id WHERE o.id > ?1 ORDER BY o.id
                """, [lastCommand]
            ) { row in
                let command = Command(
                    id: row.int(0), tag: row.text(1), entry: row.int(2), client: row.text(3), isCall: row.int(4) == 4,
                    isPublish: row.int(4) == 3, target: row.text(5), seenAt: world.now)
                enqueued(command, stateOfEntry: row.int(6))
                fresh.append(command.entry)
            }
            for entry in Set(fresh).sorted() { wholeCall(of: entry) }
            if !openCommands.isEmpty {
                var left: Set<Int64> = []
                try view.each("SELECT id FROM outbox WHERE state < 8") { left.insert($0.int(0)) }
                for id in openCommands.subtracting(left) { ended(id) }
                openCommands = left
            }
            if !suspicions.isEmpty { try judgeSuspicions(view) }
            while wholeUpTo < readOrder.count, !engine.messages[readOrder[wholeUpTo]].entries.isEmpty { wholeUpTo += 1 }
            hold(
                "P2", journaledUpTo < wholeUpTo,
                "m\(journaledUpTo < 0 ? 0 : readOrder[journaledUpTo]) is in the file, and what was read before it is not: m\(wholeUpTo < readOrder.count ? readOrder[wholeUpTo] : 0)"
            )
        }
        if isDone != nil { scannedAt = changes }
    }

    private func journaled(_ id: Int64, client: String, text: String, replayOf original: Int64, node: String) {
        lastEntry = id
        guard text.first == "m", let serial = Int(text.dropFirst()) else {
            return violated("P2: entry \(id) has a payload that nobody sent: \(text)")
        }
        if engine.messages[serial].entries.isEmpty {
            if engine.messages[serial].reader == readBy, isReaderAlive { atRisk -= 1 }
            hold("P2", engine.messages[serial].reader > 0, "entry \(id) is m\(serial), which no process has read")
        }
        if original == 0 {
            let earlier = engine.messages[serial].entries.filter { entries[$0]?.isReplay == false }
            hold("P2", earlier.isEmpty, "m\(serial) was journaled twice: as \(earlier) and as entry \(id), which is no replay")
        } else {
            hold("P2", entries[original]?.serial == serial, "entry \(id) is m\(serial), and no replay of entry \(original)")
        }
        if let place = readPlace[serial] { journaledUpTo = max(journaledUpTo, place) }
        engine.journaled(serial, as: id)
        entries[id] = Entry(serial: serial, client: client, node: node, isReplay: original != 0)
        lanes[client, default: []].append(id)
    }

    private func enqueued(_ command: Command, stateOfEntry: Int64) {
        lastCommand = command.id
        commands[command.id] = command
        commandOfTag[command.tag] = command.id
        commandsOfEntry[command.entry, default: []].append(command.id)
        commandLanes[command.client, default: []].append(command.id)
        targets[place(of: command), default: []].append(command.id)
        openCommands.insert(command.id)
        hold(
            "P3", stateOfEntry == 8,
            "command \(command.id) is in the file, and its entry \(command.entry) is not done but \(stateOfEntry)")
    }

    /// All of one call's commands are there, and of no other call.
    private func wholeCall(of entry: Int64) {
        let tags = commandsOfEntry[entry, default: []].compactMap { commands[$0]?.tag }
        let isWhole = handlers.byEntry[entry, default: []].contains { index in
            let call = handlers.calls[index]
            return call.hasReturned && call.tags == tags
        }
        hold("P3", isWhole, "the commands of entry \(entry) are \(tags), which is what no handler that returned had issued")
    }

    func touched(entries ids: [Int64]) {
        for id in ids {
            entries[id]?.isTouched = true
            entries[id]?.isFinished = false
        }
    }

    func touched(commands ids: [Int64]) {
        for id in ids {
            commands[id]?.isTouched = true
            openCommands.insert(id)
            // It may wait in its lane again.
            guard let client = commands[id]?.client, commandLanes[client]?.contains(id) == false else { continue }
            commandLanes[client]?.append(id)
        }
    }

    // MARK: Messages

    func read(_ serials: [Int], by process: Int) {
        guard !serials.isEmpty else { return }
        if readBy != process {
            readBy = process
            isReaderAlive = true
            atRisk = 0
            readOrder = []
            readPlace = [:]
            wholeUpTo = 0
            journaledUpTo = -1
        }
        let before = atRisk
        largestRead = max(largestRead, serials.count)
        engine.read(serials, by: process)
        for serial in serials {
            readPlace[serial] = readOrder.count
            readOrder.append(serial)
        }
        atRisk += serials.count
        hold(
            "P7", before < atRiskLimit || atRiskLimit == 0,
            "\(before) messages were read and not committed, and more was read; the limit is \(atRiskLimit)")
    }

    /// A handler begins.
    func begins(_ entry: Int64, client: String, process: Int) {
        let state = look { try $0.int("SELECT state FROM journal WHERE id = ?1", [entry]) } ?? nil
        hold("P1", state != nil, "entry \(entry) is in a handler and not in the file")
        if let state { hold("P1", state < 8, "entry \(entry) is in a handler, and its state in the file is \(state)") }
        hold(
            "P5", handlers.running[client] == nil,
            "two messages of \(client) are in handlers at once: \(entry) and call \(handlers.running[client] ?? 0)")
        guard entries[entry]?.isTouched != true else { return }
        for earlier in lanes[client, default: []] where earlier < entry && !isOver(earlier) {
            hold("P5", false, "entry \(entry) of \(client) is handled before entry \(earlier), which has not ended")
        }
        hold("P5", true, "")
        lanes[client]?.removeAll { entries[$0]?.isFinished == true }
    }

    private func isOver(_ id: Int64) -> Bool {
        guard let entry = entries[id] else { return true }
        if entry.isFinished || entry.isTouched || handlers.returned.contains(id) { return true }
        guard let state = look({ try $0.int("SELECT state FROM journal WHERE id = ?1", [id]) }) ?? nil, state >= 8 else {
            return false
        }
        entries[id]?.isFinished = true
        return true
    }

    /// What it knew in memory alone is forgotten.
    func processDied() {
        suspicions = []
        atRisk = 0
        isReaderAlive = false
    }
}
