internal import ConnmixDevEngine
internal import FoundationEssentials

/// How much of what an engine handed out is lost, when the client is killed every few seconds: beside clients that keep no journal.
public struct LossRun: Sendable {
    public enum Client: String, Sendable, CaseIterable {
        case plain = "client that handles in memory"
        case careful = "careful client without a journal"
        case durable = "connmix-durable consume"
        case acknowledged = "consume with acknowledgement from end to end"
    }

    /// A line of the table.
    public struct Result: Sendable {
        public var client: Client
        public var kills: Int
        public var seconds: Double
        /// Messages written to the client's connections.
        public var handedOut: Int
        /// Of these, what was neither handled nor journaled.
        public var lost: Int
        /// Of these, what the consumer had read and not committed, as its ledger says: the rest was in the sockets. Nil without a journal.
        public var inMemory: Int?
        /// What an end user believes to have been taken, and nobody has.
        public var lostForGood: Int

        public var line: String {
            "\(client.rawValue): \(kills) kills in \(Int(seconds)) s, \(Int(Double(handedOut) / seconds)) messages/s; "
                + "handed out \(handedOut), never handled nor journaled \(lost)"
                + (inMemory.map { " (at most \($0) of them read)" } ?? "") + ", lost for good \(lostForGood)"
        }
    }

    let folder: String
    let rate: Double
    let seconds: Double
    let pause: Double
    let say: @Sendable (String) -> Void

    public init(folder: String, rate: Double, seconds: Double, pause: Double, say: @escaping @Sendable (String) -> Void) {
        (self.folder, self.rate, self.seconds, self.pause, self.say) = (folder, rate, seconds, pause, say)
    }

    func database(_ client: Client) -> String { folder + "/\(client).sqlite3" }

    public func run(_ client: Client) async throws -> Result {
        try Data(ReferenceClient.source.utf8).write(to: URL(fileURLWithPath: folder + "/client.py"))
        if client == .acknowledged { return try await AcknowledgedRun(run: self).run() }
        var configuration = DevEngine.Configuration()
        configuration.settings.recording = false
        return try await withDevEngine(configuration) { engine in
            let feed = try await engine.feed(count: Int(rate * seconds), clients: 100, payloadBytes: 200, perSecond: rate)
            let start = ContinuousClock.now
            let (last, kills) = try await killing(client, engine.center) {
                try await feed.progress().popped >= Int(rate * seconds)
            }
            let lasted = (ContinuousClock.now - start) / .seconds(1)
            let progress = try await settle(client, feed)
            // Nothing is left to do; a client without a journal has nothing to end in order.
            if client == .durable { _ = await last.terminate() } else { await last.kill() }
            let taken =
                client == .durable ? try PlainFile(database(client)).integer("SELECT count(*) FROM journal") : progress.answered
            let lost = progress.popped - taken
            return Result(
                client: client, kills: kills, seconds: lasted, handedOut: progress.popped, lost: lost,
                inMemory: client == .durable ? try inMemory(client) : nil, lostForGood: lost)
        }
    }

    /// What was read and not committed when the consumer was killed, summed up: the next start writes it down.
    func inMemory(_ client: Client) throws -> Int {
        try PlainFile(database(client)).integer(
            """
            SELECT coalesce(sum(CAST(substr(reason, 1 + length('the process died, at most ')) AS INTEGER)), 0) FROM epoch
            WHERE reason LIKE 'the process died, at most %'
            """)
    }

    /// Until nothing comes back any more.
    private func settle(_ client: Client, _ feed: Feed) async throws -> Feed.Progress {
        try await feed.allSent()
        var before = try await feed.progress()
        while true {
            try await Task.sleep(for: .seconds(1))
            let now = try await feed.progress()
            if now == before { return now }
            before = now
        }
    }

    /// Kills the client every few seconds and starts it again at once, until it is over. Returns the last one, which lives.
    func killing(
        _ client: Client, _ center: String, until isOver: () async throws -> Bool
    ) async throws -> (last: Program, kills: Int) {
        var kills = 0
        while true {
            let program = try start(client, center)
            let end = ContinuousClock.now.advanced(by: .seconds(pause))
            while ContinuousClock.now < end {
                if try await isOver() { return (program, kills) }
                try await Task.sleep(for: .milliseconds(100))
            }
            await program.kill()
            kills += 1
        }
    }

    private func start(_ client: Client, _ center: String) throws -> Program {
        let said = folder + "/said.txt"
        let consume = [
            "consume", "--echo", "--topic", "chat", "--database", database(client), "--center", center, "--max-attempts",
            "100000",
            "--log-level", "error",
        ]
        return switch client {
        case .plain, .careful:
            try Program("/usr/bin/env", ["python3", folder + "/client.py", center, "\(client)"], output: said)
        case .durable: try Program("connmix-durable", consume, output: said)
        case .acknowledged:
            try Program(
                "connmix-durable",
                consume + [
                    "--dedupe", "frame.data.user", "frame.data.n", "--acknowledge", "ack", "--acknowledge-value", "frame.data.n",
                ],
                output: said)
        }
    }
}
