/// What nodes receive and answer: P4 and P5 of commands.
extension Checker {
    func firstArrival(_ tag: String, at node: String) {
        guard let id = commandOfTag[tag], let command = commands[id] else {
            return violated("P3: a node received \(tag), which is not in the file")
        }
        guard !command.isTouched else { return }
        for earlier in commandLanes[command.client, default: []] where earlier < id && !isSettled(earlier) {
            if commands[earlier]?.isCall == true {
                // Dead in memory, where its node is gone for the consumer: the next commit must say so.
                suspicions.append((earlier, "\(words(id)) was sent before \(words(earlier))"))
                continue
            }
            hold("P5", false, "\(words(id)) was sent before \(words(earlier)), which is not settled")
        }
        hold("P5", true, "")
        let others = targets[place(of: command), default: []].filter { $0 < id && commands[$0]?.client != command.client }
        for earlier in others where !isSettled(earlier) && !mayStandAside(earlier) {
            hold("P5", false, "\(words(id)) was sent before \(words(earlier)), which goes to the same place and is not settled")
        }
        // What was answered and is open in the file is sent again by the next process.
        commandLanes[command.client]?.removeAll { commands[$0]?.isSettled == true && !openCommands.contains($0) }
        targets[place(of: command)]?.removeAll { commands[$0]?.isSettled == true }
    }

    func place(of command: Command) -> String { (command.isPublish ? "channel " : "client ") + command.target }

    private func nodeOfClient(_ command: Command) -> String {
        entries[command.entry]?.node ?? ""
    }

    /// Its lane may have given up its places: something in it waits for a node that is away, or for an answer that does not come.
    private func mayStandAside(_ id: Int64) -> Bool {
        guard let client = commands[id]?.client, world.now >= asideUntil[client, default: 0] else { return true }
        return commandLanes[client, default: []].contains { other in
            guard other <= id, let command = commands[other], openCommands.contains(other) else { return false }
            return command.isTouched || mayBeOverdue(command) || command.isCall && mayBeAway(nodeOfClient(command))
        }
    }

    private func mayBeOverdue(_ command: Command) -> Bool {
        guard world.now - command.seenAt >= Self.replyTimeout else { return false }
        return world.now < engine.silentUntil || engine.commands[command.tag]?.wasLeft == true
    }

    private static let replyTimeout: World.Time = 10_000_000
    /// A lane that stood aside comes back from the file when there is room in memory, and others do not wait for it.
    private static let wayBack: World.Time = 30_000_000
    private static let shortWayBack: World.Time = 5_000_000

    func ended(_ id: Int64) {
        commands[id]?.endedAt = world.now
        guard let command = commands[id] else { return }
        let hasAnswers = engine.commands[command.tag]?.answers.isEmpty == false
        if mayBeOverdue(command) {
            asideUntil[command.client] = world.now + Self.wayBack
        } else if command.isCall, !hasAnswers || mayBeAway(nodeOfClient(command)) {
            asideUntil[command.client] = max(asideUntil[command.client, default: 0], world.now + Self.shortWayBack)
        }
    }

    func repeated(_ tag: String, writtenAt: World.Time) {
        guard let id = commandOfTag[tag], let command = commands[id], !command.isTouched else { return }
        hold(
            "P4", command.endedAt.map { writtenAt <= $0 } ?? true,
            "\(words(id)) was sent again at \(writtenAt), and its end was in the file at \(command.endedAt ?? 0)")
    }

    func answered(_ tag: String) {
        guard let id = commandOfTag[tag], let command = commands[id], hasFoundGone(command) else { return }
        goneClients.insert(command.target)
    }

    /// Its answers by themselves say that its client is gone.
    func hasFoundGone(_ command: Command) -> Bool {
        let answers = engine.commands[command.tag]?.answers ?? []
        return command.isCall ? answers.contains(301) : answers.dropFirst(2).contains(401)
    }

    /// Its answers suffice for its end: that it was taken, or what the rule asks for.
    func isRefused(_ command: Command) -> Bool {
        let answers = engine.commands[command.tag]?.answers ?? []
        if answers.contains(101) || answers.dropFirst(9).contains(500) || hasFoundGone(command) { return true }
        // Once an end user is known to be gone, one answer is enough.
        return !command.isCall && answers.contains(401) && goneClients.contains(command.target)
    }

    func judgeSuspicions(_ view: FileView) throws {
        var open: [(command: Int64, words: String)] = []
        for (command, words) in suspicions {
            var isOpen = true
            try view.each("SELECT state, coalesce(last_error, '') FROM outbox WHERE id = ?1", [command]) { row in
                guard row.int(0) >= 8 else { return }
                isOpen = false
                hold("P5", row.int(0) != 8 || commands[command]?.isTouched == true, words)
            }
            if isOpen { open.append((command, words)) }
        }
        suspicions = open
    }

    func words(_ id: Int64) -> String {
        guard let command = commands[id] else { return "command \(id)" }
        let known = engine.commands[command.tag]
        return
            "command \(id) (to \(command.target)\(command.isCall ? ", a call" : ""), of entry \(command.entry), received by \(known?.nodes ?? []), answered \(known?.answers ?? []))"
    }

    private func isSettled(_ id: Int64) -> Bool {
        guard let command = commands[id], !command.isSettled, !command.isTouched else { return true }
        var isSettled = engine.commands[command.tag]?.answers.contains { $0 == nil } ?? false || isRefused(command)
        // What is dead because its node is gone is so in memory first.
        if command.isCall, let entry = entries[command.entry], !isNodeUp(engine.messages[entry.serial].node) { return true }
        if !isSettled {
            let state = look { try $0.int("SELECT state FROM outbox WHERE id = ?1", [id]) } ?? nil
            isSettled = (state ?? 0) >= 8
        }
        if isSettled { commands[id]?.isSettled = true }
        return isSettled
    }
}
