internal import Logging

/// The keys of log metadata. Messages are constant; facts are here.
enum LogKey: String {
    case actor
    case address
    case attempt
    case bytes
    case clean
    case code
    case command
    case database
    case entries
    case entry
    case error
    case handlers
    case jump
    case key
    case node
    case reason
    case run
    case time
    case topic
}

extension Logger.Metadata {
    static func facts(_ facts: [(LogKey, String)]) -> Logger.Metadata {
        Logger.Metadata(uniqueKeysWithValues: facts.map { ($0.0.rawValue, .string($0.1)) })
    }
}

extension Logger {
    /// Says what happened, at info and below. A warning is what somebody should look into; only what keeps the consumer from taking
    /// messages is an error.
    func log(_ event: ConsumerEvent) {
        func say(_ level: Logger.Level, _ text: Logger.Message, _ facts: (LogKey, String)...) {
            log(level: level, text, metadata: .facts(facts))
        }
        switch event {
        case .nodeAdded(let node):
            say(.info, "node added", (.node, node.id), (.address, "\(node.address)"))
        case .nodeRemoved(let node):
            say(.info, "node removed", (.node, node.id), (.address, "\(node.address)"))
        case .nodeReplaced(let old, let new):
            say(.info, "node restarted under a new id", (.node, new.id), (.reason, "was \(old.id)"), (.address, "\(new.address)"))
        case .nodeConnected(let node):
            say(.debug, "node connected", (.node, node.id), (.address, "\(node.address)"))
        case .nodeDisconnected(let node, let reason, let clean):
            say(.info, "node disconnected", (.node, node.id), (.reason, reason), (.clean, "\(clean)"))
        case .nodeUnreachable(let node, let reason):
            say(.info, "node unreachable", (.node, node.id), (.reason, reason))
        case .nodeByHTTP(let node):
            say(.info, "commands go by HTTP", (.node, node.id), (.address, "\(node.address)"))
        case .nodeConsuming(let node):
            say(.info, "consuming", (.node, node.id), (.address, "\(node.address)"))
        case .nodeNotConsuming(let node, let reason):
            say(.info, "not consuming", (.node, node.id), (.reason, "\(reason)"))
        case .centerTrouble(let reason?):
            say(.warning, "center in trouble", (.reason, reason))
        case .centerTrouble(nil):
            say(.info, "center well")
        case .unknownFrame(let node, let reason):
            say(.debug, "unknown frame", (.node, node.id), (.reason, reason))
        case .unreadableMessage(let id, let node, let reason):
            say(.info, "unreadable message kept as dead", (.entry, "\(id)"), (.node, node), (.reason, reason))
        case .repeated(let key, let entry):
            say(.debug, "repeat dropped", (.key, key), (.entry, "\(entry)"))
        case .notAcknowledged(let entry, let messages, let reason):
            say(.info, "messages not acknowledged", (.entry, "\(entry)"), (.entries, "\(messages)"), (.reason, reason))
        case .handlerFailed(let id, let attempt, let error, let isDead):
            say(
                isDead ? .warning : .info, isDead ? "message dead" : "handler failed", (.entry, "\(id)"),
                (.attempt, "\(attempt)"), (.error, error))
        case .commandDead(let id, let reason):
            say(.warning, "command dead", (.command, "\(id)"), (.reason, reason))
        case .commandExpired(let id, let reason):
            say(.info, "command expired", (.command, "\(id)"), (.reason, reason))
        case .commandUnknown(let id, let reason):
            say(.info, "command's outcome unknown", (.command, "\(id)"), (.reason, reason))
        case .paused(let reason):
            say(.error, "paused", (.reason, reason))
        case .resumed:
            say(.notice, "resumed")
        case .topicPaused(let pause):
            say(
                .notice, pause.holdsIntake ? "paused by hand, and not popped" : "paused by hand", (.topic, pause.topic ?? "all"),
                (.actor, pause.actor), (.reason, pause.reason ?? ""))
        case .topicResumed(let topic):
            say(.notice, "resumed by hand", (.topic, topic ?? "all"))
        case .topicProbed(let outage):
            say(
                .warning, "message after message fails; they are tried one at a time until one succeeds",
                (.topic, outage.topic), (.error, outage.cause))
        case .topicRecovered(let topic):
            say(.notice, "a message was handled; all go on", (.topic, topic))
        case .handlersHeld(let held, let all, let entry, let time):
            say(
                held >= all ? .warning : .notice,
                held >= all
                    ? "every handler holds a message for long; nothing else is handled" : "handlers hold messages for long",
                (.entries, "\(held)"), (.handlers, "\(all)"), (.entry, "\(entry)"), (.time, time.text))
        case .clockJumped(let jump):
            say(.notice, "the clock was set", (.jump, jump.text))
        case .logGrown(let bytes, let reason):
            say(.notice, "the file's log has grown", (.bytes, "\(bytes)"), (.reason, reason))
        case .logShrunk(let bytes):
            say(.notice, "the file's log has shrunk", (.bytes, "\(bytes)"))
        case .pruneFailed(let reason):
            say(.warning, "old rows were not deleted", (.reason, reason))
        case .fileLost(let reason):
            say(.error, "file lost", (.reason, reason))
        }
    }
}
