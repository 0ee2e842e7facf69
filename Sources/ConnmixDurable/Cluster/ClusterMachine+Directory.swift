/// What the centers say.
///
/// It is believed slowly (`AbsenceEvidence`): an empty, broken or missing list changes nothing, a node that is not listed is left only
/// when that has been said for a refresh interval, and one whose connection works only when the list has not changed meanwhile. A new
/// id at a known address is a new node.
extension ClusterMachine {
    /// - Parameters:
    ///   - skipped: what the center lists beside these, and cannot be used.
    ///   - center: which of the centers says so.
    mutating func directoryArrived(
        _ list: [NodeIdentity], skipped: [Directory.Skipped] = [], from center: Int = 0, now: ContinuousClock.Instant
    ) -> [Action] {
        guard !isStopping else { return [] }
        guard !list.isEmpty else {
            evidence.doubt(center)
            if let next = rotation.failed() { return [.ask(center: next)] }
            schedule.answered(isAlone: nodes.isEmpty, isPending: evidence.isPending, now: now, random: &random)
            return centerIs(trouble: Directory.trouble(skipped) ?? "the center lists no nodes")
        }
        rotation.answered(center)
        let listed = Set(list)
        witness(listed, skipped, center, now: now)
        var actions: [Action] = []
        for identity in oneAnAddress(list, center, now: now) {
            let elsewhere = nodes.place(of: identity.id).flatMap { $0 == identity.address ? nil : nodes[$0] }
            if let elsewhere {
                guard mayMove(elsewhere, listed) else { continue }
                actions += forget(elsewhere.identity) + [.moved(elsewhere.identity)]
            }
            actions += heard(of: identity, after: elsewhere, now: now)
        }
        let doubles = list.compactMap { identity -> Directory.Skipped? in
            guard let kept = nodes.place(of: identity.id), kept != identity.address else { return nil }
            return .double(identity, kept: kept)
        }
        for node in nodes.all where isGone(node, center, now: now) { actions += leave(node) }
        schedule.answered(isAlone: false, isPending: evidence.isPending, now: now, random: &random)
        if !isDirectoryKnown {
            isDirectoryKnown = true
            actions.append(.directoryKnown)
        }
        return centerIs(trouble: Directory.trouble(skipped + doubles)) + actions
    }

    /// A center has no answer.
    mutating func directoryFailed(_ reason: String, from center: Int = 0, now: ContinuousClock.Instant) -> [Action] {
        guard !isStopping else { return [] }
        evidence.doubt(center)
        if let next = rotation.failed() { return [.ask(center: next)] }
        evidence.doubtAll()
        schedule.failed(now: now, random: &random)
        return centerIs(trouble: reason)
    }

    // MARK: -

    private mutating func witness(
        _ listed: Set<NodeIdentity>, _ skipped: [Directory.Skipped], _ center: Int, now: ContinuousClock.Instant
    ) {
        evidence.listed(listed, by: center, now: now)
        // A node whose entry is spoilt is listed all the same.
        let ids = Set(skipped.compactMap(\.id))
        let addresses = Set(skipped.compactMap(\.address))
        for node in nodes.all.lazy.map(\.identity) {
            if listed.contains(node) || ids.contains(node.id) || addresses.contains(node.address) {
                evidence.found(node)
            } else {
                evidence.missed(node, by: center, now: now)
            }
        }
    }

    private func isGone(_ node: NodeTable.Node, _ center: Int, now: ContinuousClock.Instant) -> Bool {
        evidence.isGone(
            node.identity, isConnected: node.isConnected, by: center, after: settings.refreshInterval, now: now)
    }

    /// Where several ids are listed for an address, a node has restarted and its old self is not forgotten yet: the id that was
    /// never seen before is the living one, else the one that is known. The order says nothing and may change. An id that the
    /// address had before comes back only where the known one is gone by the same evidence as a node that is left: a center may
    /// tell the old and the new one in turn.
    private func oneAnAddress(_ list: [NodeIdentity], _ center: Int, now: ContinuousClock.Instant) -> [NodeIdentity] {
        var candidates: [NodeAddress: [NodeIdentity]] = [:]
        var order: [NodeAddress] = []
        for identity in list {
            if candidates[identity.address] == nil { order.append(identity.address) }
            candidates[identity.address, default: []].append(identity)
        }
        return order.compactMap { address in
            var listed = candidates[address] ?? []
            // An id that is elsewhere does not hide the one that is here.
            let here = listed.filter { (nodes.place(of: $0.id) ?? address) == address }
            if !here.isEmpty { listed = here }
            guard let known = nodes[address] else { return listed.first }
            return listed.first { $0 != known.identity && !known.formerIDs.contains($0.id) }
                ?? listed.first { $0 == known.identity }
                ?? (isGone(known, center, now: now) ? listed.first : nil)
        }
    }

    /// Whether a node makes room for its id at another address. An id has one connection, since whoever uses it knows it by its id:
    /// the known address stays while it works, or may work again.
    private func mayMove(_ node: NodeTable.Node, _ listed: Set<NodeIdentity>) -> Bool {
        switch node.phase {
        case .waiting(_, let failed): failed || !listed.contains(node.identity)
        case .connecting, .connected, .leaving: false
        }
    }

    /// - Parameter moved: the same id, at the address that it has just left.
    private mutating func heard(
        of identity: NodeIdentity, after moved: NodeTable.Node?, now: ContinuousClock.Instant
    ) -> [Action] {
        var node = NodeTable.Node(
            identity: identity, phase: .connecting,
            backoff: moved?.backoff ?? Backoff(base: settings.backoffBase, cap: settings.backoffCap))
        guard let known = nodes[identity.address] else {
            nodes.keep(node)
            return [.added(identity), .connect(identity)]
        }
        guard known.identity != identity else { return [] }
        let old = known.identity
        // Old ids are needed for as long as a center may list them; a hundred restarts is longer.
        if known.formerIDs.count < 100 { node.formerIDs = known.formerIDs }
        node.formerIDs.insert(old.id)
        node.formerIDs.remove(identity.id)
        // A node that restarts all the time is called as seldom as one that closes all the time.
        node.backoff = known.backoff
        if case .connected(let since) = known.phase, now - since >= settings.standing { node.backoff.reset() }
        var actions = forget(old) + [.replaced(old: old, new: identity)]
        nodes.keep(node)
        switch known.phase {
        // An attempt under way ends unexpected.
        case .waiting, .connecting: break
        // Opened while the center still told the old id, it leads to the new node, and has popped from it: what is under way
        // on it must not be thrown away.
        case .connected: actions.append(.leave(old))
        case .leaving: actions.append(.abandon(old))
        }
        return actions + [.connect(identity)]
    }

    private mutating func leave(_ node: NodeTable.Node) -> [Action] {
        evidence.forget(node.identity)
        switch node.phase {
        // An attempt under way ends unexpected.
        case .waiting, .connecting:
            return forget(node.identity) + [.removed(node.identity)]
        case .connected:
            nodes.change(node.identity) { $0.phase = .leaving }
            return [.leave(node.identity)]
        case .leaving:
            return []
        }
    }

    private mutating func centerIs(trouble: String?) -> [Action] {
        guard trouble != centerTrouble else { return [] }
        centerTrouble = trouble
        return [.centerChanged(trouble: trouble)]
    }
}
