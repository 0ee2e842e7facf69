import NIOCore

/// What a developer is told.
extension Mesh {
    func notice(_ kind: DevEngine.Notice.Kind, _ place: Int, _ text: @autoclosure () -> String) {
        guard let leftOut = self.noticeBook.admit(kind, now: .now()) else { return }
        self.tell(kind, place, text(), leftOut: leftOut)
    }

    private func tell(_ kind: DevEngine.Notice.Kind, _ place: Int, _ text: String, leftOut: Int = 0) {
        self.notices.yield(.init(kind: kind, node: self.memory.nodes[place].id, text: text, leftOut: leftOut))
    }

    /// At the end of a turn.
    func tellRemarks() {
        for place in self.memory.nodes.indices where !self.memory.nodes[place].remarks.isEmpty {
            for remark in self.memory.nodes[place].remarks.take() { self.tell(remark, place) }
        }
    }

    private func tell(_ remark: Remark, _ place: Int) {
        switch remark {
        case .waits(let client):
            guard let waits = self.memory.nodes[place].clients[client]?.waits else { return }
            self.watch(.client(client, wait: waits))
        case .otherKey(let client, let set, let awaited):
            let keys = set.isEmpty ? "nothing" : set.joined(separator: ", ")
            self.notice(.otherKey, place, "end user \(client) waits for the context value \(awaited), and was given \(keys)")
        case .otherValue(let client, let key, let set, let awaited):
            self.notice(.otherKey, place, "end user \(client) waits until \(key) is \(awaited), and it was set to \(set)")
        case .unconsumed(let queue):
            self.watch(.queue(queue, place: place, node: self.memory.nodes[place].id))
        case .dropped(let queue):
            let name = self.memory.nodes[place].queues[queue].name
            self.notice(
                .dropped, place,
                "a frame is lost: topic \(name) of node \(place + 1) holds \(self.memory.settings.topicSize) messages and is full"
            )
        case .overflow(let client):
            self.notice(
                .dropped, place, "a frame is lost: end user \(client) waits, and \(ClientMemory.heldLimit) of its frames with it")
        }
    }

    // MARK: what lasts too long

    private func watch(_ subject: PatienceWatch.Subject) {
        let isFirst = self.patience.next == nil
        self.patience.watch(subject, from: .now(), patience: TimeAmount(bounded: self.memory.settings.patience))
        if isFirst { self.lookLater() }
    }

    private func lookLater() {
        guard let next = self.patience.next, !self.isStopped else { return }
        let bound = self.bound
        self.loop.scheduleTask(deadline: next) {
            for subject in bound.value.patience.due(now: .now()) { bound.value.look(at: subject) }
            bound.value.lookLater()
        }
    }

    private func look(at subject: PatienceWatch.Subject) {
        switch subject {
        case .client(let client, let wait):
            guard let place = self.memory.home[client], let memory = self.memory.nodes[place].clients[client],
                memory.waits == wait
            else { return }
            let awaited: String
            switch memory.wait {
            case .context(let key): awaited = key
            case .acknowledgement(let key, let value): awaited = "\(key) to be \(value)"
            case .nothing, .queue: return
            }
            let behind = memory.held.isEmpty ? "" : ", and \(memory.held.count) of its frames behind it"
            self.notice(
                .longWait, place,
                "end user \(client) waits for the context value \(awaited)\(behind); "
                    + "a consumer has to set it with conn.call, for an end user it refuses, too")
        case .queue(let queue, let place, let node):
            guard self.memory.nodes[place].id == node, self.memory.nodes[place].queues[queue].consumers.isEmpty,
                !self.memory.nodes[place].queues[queue].events.isEmpty
            else { return }
            let consumed = self.memory.nodes[place].queues.filter { !$0.consumers.isEmpty }.map(\.name)
            let others = consumed.isEmpty ? "" : "; consumed are \(consumed.joined(separator: ", "))"
            let (name, count) = (
                self.memory.nodes[place].queues[queue].name, self.memory.nodes[place].queues[queue].events.count
            )
            self.notice(
                .unconsumed, place, "nobody consumes topic \(name) of node \(place + 1), where \(count) messages wait\(others)")
        }
    }

    // MARK: commands

    /// A command was not applied.
    func complain(about command: Command, _ bytes: UnsafeRawBufferPointer, _ answer: Answer, from origin: any CommandOrigin) {
        let (place, settings) = (origin.place, self.memory.settings)
        let method = self.name(command, bytes)
        switch answer {
        case .invalidParams where self.isOtherDialect(command, bytes):
            self.tellDialect("\(method) with \(settings.dialect == .docs ? "a list" : "an object") for params", from: origin)
        case .clientIsGone, .callFailed:
            let params = CommandParams(bytes, command.params, dialect: settings.dialect)
            guard let target = params?.target, let client = CommandParams.client(bytes, target) else { return }
            let name = self.text(bytes, target)
            guard let client, let home = self.memory.home[client] else {
                return self.notice(.unknownClient, place, "\(method) to \(name): there is no such end user")
            }
            guard home == place || answer == .clientIsGone else {
                return self.notice(
                    .unknownClient, place,
                    "\(method) to \(name): that end user is on node \(home + 1), this is node \(place + 1)")
            }
            let reason = answer == .clientIsGone ? "it cannot be reached" : "there is no such function"
            self.notice(.refused, place, "\(method) to \(name): \(reason)")
        case .failure(let code, let message):
            let text = String(decoding: bytes.prefix(200), as: UTF8.self)
            self.notice(.refused, place, "\(method) is refused with \(code), \(message): \(text)")
        case .done, .sent, .published, .pong: break
        }
    }

    /// A text frame was no command.
    func complain(about text: UnsafeRawBufferPointer, from origin: any CommandOrigin) {
        if text.count == 4, JSONText.equals(text, 0..<4, "ping") { return self.tellDialect("the text ping", from: origin) }
        let shown = String(decoding: text.prefix(200), as: UTF8.self)
        self.notice(.refused, origin.place, "a frame that is no JSON object is refused with 101: \(shown)")
    }

    /// Once a connection.
    func tellDialect(_ what: String, from origin: any CommandOrigin) {
        guard self.toldDialect.insert(origin.connection).inserted else { return }
        let (own, other) = self.memory.settings.dialect == .docs ? ("docs", "php105") : ("php105", "docs")
        self.tell(
            .otherDialect, origin.place,
            "a consumer of node \(origin.place + 1) speaks \(other) (\(what)), and this engine \(own): it answers 101, and a "
                + "consumer that does not try the other form gets no messages")
    }

    private func isOtherDialect(_ command: Command, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let params = command.params, !params.isEmpty else { return false }
        let isList = bytes[params.lowerBound] == UInt8(ascii: "[")
        return switch (command.method, self.memory.settings.dialect) {
        case (.pop, .docs): isList && CommandParams.texts(bytes, params) != nil
        case (.pop, .php105): CommandParams.texts(bytes, CommandParams(bytes, params, dialect: .docs)?.type) != nil
        case (.send, .docs), (.publish, .docs), (.call, .docs): isList
        case (.unpop, _), (.ping, _), (.other, _), (.send, .php105), (.publish, .php105), (.call, .php105): false
        }
    }
}
