import NIOCore

extension Mesh {
    /// A text frame came in on an API connection.
    func received(_ text: ByteBuffer, from origin: ApiConnection) {
        text.withUnsafeReadableBytes { bytes in
            if bytes.count == 4, self.memory.settings.dialect == .docs, JSONText.equals(bytes, 0..<4, "ping") {
                origin.answer(raw: "pong")
                return
            }
            guard let command = Command(bytes) else {
                self.complain(about: bytes, from: origin)
                origin.answer(.invalidParams, id: Self.null)
                return
            }
            self.run(command, bytes, from: origin)
        }
    }

    private static let nullText: StaticString = "null"

    static var null: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: self.nullText.utf8Start, count: self.nullText.utf8CodeUnitCount)
    }

    /// Applies a command and answers it, unless a fault has it otherwise.
    func run(_ command: Command, _ bytes: UnsafeRawBufferPointer, from origin: any CommandOrigin) {
        let id = command.id.map { UnsafeRawBufferPointer(rebasing: bytes[$0]) } ?? Self.null
        let isRecorded = self.memory.receive()
        let record = isRecorded ? self.record(command, bytes, from: origin) : nil
        if let record { self.received.append(record, limit: self.memory.settings.recordLimit) }

        let shell = self.shells[origin.place]
        guard !shell.faults.isEmpty, let action = shell.faults.strike(self.name(command, bytes))
        else {
            origin.answer(self.apply(command, bytes, record, from: origin), id: id)
            return
        }
        switch action {
        case .error(let code, let message): origin.answer(.failure(code: code, message: message), id: id)
        case .ignore: break
        case .answer(let raw): origin.answer(raw: raw)
        case .dropBefore(let reset): origin.drop(reset: reset)
        case .swallow: _ = self.apply(command, bytes, record, from: origin)
        case .dropAfter(let reset):
            _ = self.apply(command, bytes, record, from: origin)
            origin.drop(reset: reset)
        case .delay(let delay):
            let answer = self.apply(command, bytes, record, from: origin)
            let kept = NIOLoopBound((self, origin, answer, [UInt8](id)), eventLoop: self.loop)
            self.loop.scheduleTask(in: TimeAmount(bounded: delay)) {
                let (mesh, origin, answer, id) = kept.value
                id.withUnsafeBytes { origin.answer(answer, id: $0) }
                mesh.endTurn()
            }
        }
    }

    private func apply(
        _ command: Command, _ bytes: UnsafeRawBufferPointer, _ record: CommandRecord?, from origin: any CommandOrigin
    ) -> Answer {
        let answer = self.decide(command, bytes, from: origin)
        guard !answer.isFailure else {
            self.complain(about: command, bytes, answer, from: origin)
            return answer
        }
        self.memory.applied[command.method.rawValue] += 1
        if let record { self.applied.append(record, limit: self.memory.settings.recordLimit) }
        return answer
    }

    private func decide(
        _ command: Command, _ bytes: UnsafeRawBufferPointer, from origin: any CommandOrigin
    ) -> Answer {
        let place = origin.place
        let dialect = self.memory.settings.dialect
        switch command.method {
        case .send: return self.send(CommandParams(bytes, command.params, dialect: dialect), bytes, dialect)
        case .publish: return self.publish(CommandParams(bytes, command.params, dialect: dialect), bytes, dialect)
        case .call: return self.call(CommandParams(bytes, command.params, dialect: dialect), bytes, place)
        case .pop:
            guard let topics = self.topics(command.params, bytes, dialect) else { return .invalidParams }
            let settings = self.memory.settings
            return self.memory.nodes[place].pop(topics, connection: origin.connection, settings: settings)
        case .unpop: return self.memory.nodes[place].unpop(connection: origin.connection)
        case .ping: return .pong
        case .other: return .invalidParams
        }
    }

    /// `{"t":[…]}` in `docs`, `[…]` in `php105`.
    private func topics(
        _ params: Range<Int>?, _ bytes: UnsafeRawBufferPointer, _ dialect: DevEngine.Dialect
    ) -> [String]? {
        switch dialect {
        case .docs:
            guard let params, !params.isEmpty, bytes[params.lowerBound] == UInt8(ascii: "{") else { return nil }
            return CommandParams.texts(bytes, CommandParams(bytes, params, dialect: dialect)?.type)
        case .php105: return CommandParams.texts(bytes, params)
        }
    }

    func name(_ command: Command, _ bytes: UnsafeRawBufferPointer) -> String {
        guard command.method == .other, let name = command.name else { return command.method.name }
        return JSONText.string(bytes, name)
    }

    private func record(
        _ command: Command, _ bytes: UnsafeRawBufferPointer, from origin: any CommandOrigin
    ) -> CommandRecord {
        var record = CommandRecord(
            number: self.memory.received, node: self.memory.nodes[origin.place].id, connection: origin.connection,
            method: self.name(command, bytes), target: "", function: "", payload: [])
        let dialect = self.memory.settings.dialect
        switch command.method {
        case .send, .publish, .call:
            guard let params = CommandParams(bytes, command.params, dialect: dialect) else { break }
            record.target = params.target.map { self.text(bytes, $0) } ?? ""
            record.function = params.function.map { self.text(bytes, $0) } ?? ""
            if command.method == .call {
                record.payload = params.arguments.map { Array(bytes[$0]) } ?? []
            } else {
                record.payload = params.data.map { self.payload(bytes, $0) } ?? []
            }
        case .pop, .unpop, .ping, .other: record.payload = command.params.map { Array(bytes[$0]) } ?? []
        }
        return record
    }

    func text(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> String {
        String(decoding: self.payload(bytes, range), as: UTF8.self)
    }

    private func payload(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> [UInt8] {
        JSONText.isString(bytes, range) ? JSONText.decode(bytes, range) : Array(bytes[range])
    }
}
