internal import NIOCore

/// The lists of a consumer's live account, as the file keeps them (table `runtime`): JSON, a list of objects whose values are texts.
/// Written and read here and nowhere else.
enum AccountText {
    static func of(_ nodes: [NodeIdentity: NodeState]) -> String {
        list(
            nodes.sorted { $0.key.id < $1.key.id }.map { node, state in
                [("id", node.id), ("address", node.address.description), ("state", state.rawValue)]
            })
    }

    static func of(_ waiting: [StatusReport.Waiting]) -> String {
        list(waiting.map { [("node", $0.node), ("since", "\($0.since)"), ("commands", "\($0.commands)")] })
    }

    /// One object: the handler and its trouble, and one more for each topic, and each that is probed.
    static func of(_ work: StatusReport.Work) -> String {
        var facts: [(key: String, value: String)] = []
        if let handler = work.handler { facts.append(("handler", handler)) }
        if let trouble = work.trouble {
            facts += [("trouble", trouble.reason), ("since", "\(trouble.since)")]
        }
        if !work.centers.isEmpty { facts.append(("centers", work.centers.joined(separator: " "))) }
        if let trouble = work.centerTrouble {
            facts += [("center_trouble", trouble.reason), ("center_since", "\(trouble.since)")]
        }
        if let held = work.held {
            let messages = held.messages.map { "\($0.entry) \($0.since)" }.joined(separator: ",")
            facts += [("held", messages), ("held_count", "\(held.count)"), ("handlers", "\(held.handlers)")]
        }
        return list(
            [facts] + work.topics.map { [("topic", $0)] }
                + work.probed.map { [("probed", $0.topic), ("cause", $0.cause), ("since", "\($0.since)")] })
    }

    /// - Throws: as `nodes`.
    static func work(_ json: String) throws(ConnmixError) -> StatusReport.Work {
        var work = StatusReport.Work()
        for (place, facts) in try read(json).enumerated() {
            guard place == 0 else {
                if let topic = facts["probed"], let cause = facts["cause"], let since = facts["since"].flatMap({ Int64($0) }) {
                    work.probed.append(ProbedTopic(topic: topic, cause: cause, since: since))
                    continue
                }
                guard let topic = facts["topic"] else { throw unreadable }
                work.topics.append(topic)
                continue
            }
            work.handler = facts["handler"]
            work.centers = facts["centers"]?.split(separator: " ").map(String.init) ?? []
            if let reason = facts["center_trouble"] {
                guard let since = facts["center_since"].flatMap({ Int64($0) }) else { throw unreadable }
                work.centerTrouble = StatusReport.CenterTrouble(reason: reason, since: since)
            }
            work.held = try held(facts)
            guard let reason = facts["trouble"] else { continue }
            guard let since = facts["since"].flatMap({ Int64($0) }) else { throw unreadable }
            work.trouble = StatusReport.HandlerTrouble(reason: reason, since: since)
        }
        return work
    }

    private static func held(_ facts: [String: String]) throws(ConnmixError) -> StatusReport.Held? {
        guard let text = facts["held"] else { return nil }
        guard let count = facts["held_count"].flatMap({ Int64($0) }), let handlers = facts["handlers"].flatMap({ Int64($0) })
        else {
            throw unreadable
        }
        var messages: [StatusReport.Held.Message] = []
        for message in text.split(separator: ",") {
            let numbers = message.split(separator: " ").map { Int64($0) }
            guard numbers.count == 2, let entry = numbers[0], let since = numbers[1] else { throw unreadable }
            messages.append(.init(entry: entry, since: since))
        }
        return StatusReport.Held(count: count, handlers: handlers, messages: messages)
    }

    /// - Throws: `corrupt` where it is in another form.
    static func nodes(_ json: String) throws(ConnmixError) -> [StatusReport.Node] {
        var nodes: [StatusReport.Node] = []
        for facts in try read(json) {
            guard let id = facts["id"], let address = facts["address"], let state = facts["state"].flatMap(NodeState.init) else {
                throw unreadable
            }
            nodes.append(StatusReport.Node(id: id, address: address, state: state))
        }
        return nodes
    }

    /// - Throws: as `nodes`.
    static func waiting(_ json: String) throws(ConnmixError) -> [StatusReport.Waiting] {
        var waiting: [StatusReport.Waiting] = []
        for facts in try read(json) {
            guard let node = facts["node"], let since = facts["since"].flatMap({ Int64($0) }),
                let commands = facts["commands"].flatMap({ Int64($0) })
            else { throw unreadable }
            waiting.append(StatusReport.Waiting(node: node, since: since, commands: commands))
        }
        return waiting
    }

    private static var unreadable: ConnmixError {
        ConnmixError(
            .corrupt,
            "the consumer's account in table runtime is in no form that is known; start a consumer, which writes it anew")
    }

    private static func list(_ objects: [[(key: String, value: String)]]) -> String {
        var buffer = ByteBuffer()
        buffer.writeStaticString("[")
        for (place, object) in objects.enumerated() {
            buffer.writeStaticString(place == 0 ? "{" : ",{")
            for (index, fact) in object.enumerated() {
                if index > 0 { buffer.writeStaticString(",") }
                buffer.writeJSONString(fact.key)
                buffer.writeStaticString(":")
                buffer.writeJSONString(fact.value)
            }
            buffer.writeStaticString("}")
        }
        buffer.writeStaticString("]")
        return String(buffer: buffer)
    }

    private static func read(_ json: String) throws(ConnmixError) -> [[String: String]] {
        let list = json.lend { bytes -> [[String: String]]? in
            var scanner = JSONScanner(bytes)
            var list: [[String: String]] = []
            guard scanner.consume(UInt8(ascii: "[")) else { return nil }
            if !scanner.consume(UInt8(ascii: "]")) {
                repeat {
                    var facts: [String: String] = [:]
                    let isObject = scanner.object { key, escaped, scanner in
                        guard let value = scanner.string() else { return false }
                        facts[scanner.text((key, escaped))] = scanner.text(value)
                        return true
                    }
                    guard isObject else { return nil }
                    list.append(facts)
                } while scanner.consume(UInt8(ascii: ","))
                guard scanner.consume(UInt8(ascii: "]")) else { return nil }
            }
            return scanner.peek() == 0 && scanner.isAtEnd ? list : nil
        }
        guard let list else { throw unreadable }
        return list
    }
}
