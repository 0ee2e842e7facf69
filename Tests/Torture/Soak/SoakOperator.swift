/// Somebody at a terminal beside a running consumer.
struct SoakOperator: Sendable {
    let run: SoakRun
    /// Entries of its end users are replayed: they are there to the end.
    let steady: String

    func work(until deadline: ContinuousClock.Instant) async throws {
        for round in 1... {
            try await Task.sleep(for: .seconds(run.plan.operatorPause))
            guard ContinuousClock.now < deadline else { return }
            try await act(
                "journal", "replay", "--node", steady, "--state", "done", "--since", "60s", "--limit", "100", "--yes", "--reason",
                "soak",
                "--database", run.database)
            if round % 3 == 0 {
                let copy = run.folder + "/backup.sqlite3"
                try await act("database", "backup", copy, "--force", "--database", run.database)
                try await act("database", "check", "--database", copy)
            }
        }
    }

    private func act(_ words: String...) async throws {
        let ending = try await Program.run("connmix-durable", words, output: run.folder + "/operator.log")
        // 1: nothing matched, as where all of them were replayed before.
        try hold(
            ending == .exited(0) || words[1] == "replay" && ending == .exited(1),
            "\(words.joined(separator: " ")) ended with \(ending), see \(run.folder)/operator.log")
    }
}
