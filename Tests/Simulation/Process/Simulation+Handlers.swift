internal import ConnmixDurable

/// What handlers do, and what they see.
extension Simulation {
    private struct Trouble: Error, CustomStringConvertible { var description: String { "the price service is down" } }

    func handlers() -> Handlers {
        let process = process
        return Handlers(all: { [unowned self] message, context in
            guard let process, !process.isDead else { throw CancellationError() }
            try await handle(message, context, process)
        })
    }

    private func handle(_ message: Message, _ context: HandlerContext, _ process: ConsumerProcess) async throws {
        let (entry, client) = (message.id, message.client.text)
        guard let text = message.text, let serial = Int(text.dropFirst()) else {
            return checker.violated("P1: entry \(entry) came to its handler with another payload")
        }
        world.mix(UInt64(entry) << 8 | UInt64(message.attempt))
        world.note("handler of \(entry) (\(text), \(client), attempt \(message.attempt))")
        checker.begins(entry, client: client, process: process.number)
        let attempt = handlerRecord.byEntry[entry, default: []].count + 1
        if message.attempt > 1 { engineRecord.saw(.retriedHandler) }
        let call = handlerRecord.begin(entry: entry, process: process.number, client: client)
        handlerRecord.running[client] = call
        let isPoison = poisonEvery > 0 && serial % poisonEvery == poisonEvery - 1
        let behaviour = Behaviour(
            seed: options.seed, serial: serial, entry: entry, attempt: attempt, client: client,
            friend: engineRecord.messages[serial / 2].client, poison: isPoison && !isSettling)
        var tags: [String] = []
        for (index, command) in behaviour.commands.enumerated() {
            let tag = "e\(entry).c\(call).\(index)"
            tags.append(tag)
            switch command.kind {
            case .send: try context.meshSend(to: command.target == client ? message.client : ClientID(command.target), tag)
            case .publish: try context.meshPublish(to: command.target, tag)
            case .call: try context.setContextValue(message.client, "k\(index)", tag)
            }
        }
        let issued = tags
        handlerRecord.change(call) { $0.tags = issued }
        await sleep(behaviour.duration, process)
        guard !process.isDead else { throw CancellationError() }
        handlerRecord.running[client] = nil
        switch behaviour.end {
        case .returns:
            if behaviour.writes {
                handlerRecord.change(call) { $0.writes = true }
                try context.write { tables in
                    _ = try tables.execute("CREATE TABLE IF NOT EXISTS orders (entry INTEGER PRIMARY KEY, call INTEGER) STRICT")
                    _ = try tables.execute("INSERT INTO orders VALUES (?, ?)", .integer(entry), .integer(Int64(call)))
                }
            } else {
                handlerRecord.returned.insert(entry)
            }
            handlerRecord.change(call) { $0.hasReturned = true }
        case .fails:
            if !tags.isEmpty { engineRecord.saw(.stagedAndThrown) }
            handlerRecord.change(call) { $0.hasFailed = true }
            throw Trouble()
        case .isPermanent:
            handlerRecord.change(call) { ($0.hasFailed, $0.isPermanent) = (true, true) }
            throw HandlerError.permanent("no such order")
        case .asksForRetry:
            handlerRecord.change(call) { $0.hasFailed = true }
            throw HandlerError.retry(after: .milliseconds(700), reason: "not yet")
        case .kills:
            handlerRecord.deaths[entry, default: 0] += 1
            let deaths = handlerRecord.deaths[entry, default: 0]
            // Beside another killer a death is not counted for it, and what a run said of its handlers a power cut may take.
            let bound = Self.maxAttempts + powerLosses + handlerRecord.deaths.count - 1
            let isTouched = checker.entries[entry]?.isTouched == true
            checker.hold("P6", deaths <= bound || isTouched, "entry \(entry) has killed the process \(deaths) times")
            handlerRecord.running[client] = call
            die(power: false, byHandler: true)
            throw CancellationError()
        }
    }

    private func sleep(_ time: World.Time, _ process: ConsumerProcess) async {
        await withCheckedContinuation { continuation in
            world.after(time, .handler, owner: process.number) { continuation.resume() }
        }
    }
}
