/// The part of a commit that tells end users' connections that their messages are safe, where that was asked for: commands that
/// `CommitCommands` puts into the outbox with all others, in the very transaction that makes the messages safe.
struct CommitAcknowledgements {
    let core: ConsumerCore

    /// The message has its row, or repeats one that has it in this commit.
    func journaled(_ message: ReceivedMessage, entry: Int64, _ effects: inout CommitEffects) {
        guard core.acknowledge?.moment == .journaled else { return }
        add(message, entry: entry, &effects)
    }

    /// The message repeats an earlier one. Whoever sent it, this time or before, may send the next one.
    func repeated(
        _ transaction: Transaction, _ message: ReceivedMessage, entry: Int64, _ effects: inout CommitEffects
    ) throws {
        switch core.acknowledge?.moment {
        case .journaled: add(message, entry: entry, &effects)
        case .handled: if try JournalTable.isEnded(transaction, id: entry) { add(message, entry: entry, &effects) }
        case nil: break
        }
    }

    /// A handler is through.
    func ended(_ outcome: HandlerOutcome, _ effects: inout CommitEffects) {
        guard core.acknowledge?.moment == .handled else { return }
        switch outcome.result {
        case .done, .dead, .parked: break
        case .retry, .released: return
        }
        let delivery = outcome.delivery
        let message = Message(
            id: outcome.id, topic: delivery.topic, node: delivery.node, client: delivery.client, attempt: delivery.attempts,
            receivedAt: delivery.receivedAt, data: delivery.data)
        add(message, entry: outcome.id, node: delivery.node, &effects)
    }

    private func add(_ message: ReceivedMessage, entry: Int64, _ effects: inout CommitEffects) {
        guard message.unreadable == nil else { return }
        add(Message(message), entry: entry, node: message.node, &effects)
    }

    private func add(_ message: Message, entry: Int64, node: String, _ effects: inout CommitEffects) {
        do {
            guard let command = try core.onWriter(entry, { try core.acknowledge?.command(for: message) }) else { return }
            effects.acknowledgements.append((command, entry, node))
        } catch {
            // The end user sends it again, and it is a repeat then; the message itself is safe.
            let known = effects.unacknowledged ?? (entry, 0, (error as? ConnmixError)?.message ?? "\(error)")
            effects.unacknowledged = (known.entry, known.messages + 1, known.reason)
        }
    }
}
