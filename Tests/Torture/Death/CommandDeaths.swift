internal import FoundationEssentials
internal import TestSupport

/// Commands that change many rows, or a whole file, and are killed in the midst of it.
struct CommandDeaths: Sendable {
    static let rows = 1_200

    let yard: DeathYard
    let ground: String

    private var database: String { ground + "/work.sqlite3" }
    private var lines: String { ground + "/lines.ndjson" }

    private func remove(_ path: String) {
        for end in ["", "-wal", "-shm", "-journal", ".lock"] { try? FileManager.default.removeItem(atPath: path + end) }
    }

    /// A new file of the newest schema.
    private func makeEmpty() async throws {
        remove(database)
        try Data().write(to: URL(fileURLWithPath: database))
        try await yard.command(ground, ["database", "migrate", "--database", database])
    }

    private func writeLines() throws {
        var text = ""
        for number in 0..<Self.rows {
            text +=
                #"{"topic":"chat","client":"\#(1_000 + number % 40)","data":{"seq":\#(number)},"state":"dead","last_error":"x"}"#
                + "\n"
        }
        try Data(text.utf8).write(to: URL(fileURLWithPath: lines))
    }

    /// A file of dead entries.
    private func makeDead() async throws {
        try writeLines()
        try await makeEmpty()
        try await yard.command(ground, ["journal", "import", lines, "--yes", "--database", database])
    }

    private func plan(_ calls: Int, using random: inout SeededGenerator) -> KillPlan {
        KillPlan(calls: calls, milliseconds: 5...2_000, using: &random)
    }

    /// Goes on with what was interrupted, or begins where nothing of it is in the file.
    private func goOn(_ words: [String], anew: [String]) async throws {
        let open = try PlainFile(database).integer("SELECT coalesce(max(id), 0) FROM action WHERE state IN (1, 3)")
        let more = open > 0 ? words + ["--resume", "\(open)"] : anew
        try await yard.command(ground, more + ["--yes", "--database", database])
    }

    func bulk(using random: inout SeededGenerator) async throws -> String {
        let verb = ["retry", "replay", "discard"].randomElement(using: &random)!
        try await makeDead()
        let plan = plan(240, using: &random)
        let filter = ["--state", "dead"]
        let ending = try await yard.command(
            ground, ["journal", verb] + filter + ["--yes", "--reason", "torture", "--database", database], plan)
        try await yard.examine(database, ground)
        let half = try changed(verb)
        if ending != .exited(0) {
            let file = try PlainFile(database)
            let noted = try file.integer(
                "SELECT count(*) FROM action_item WHERE state = 1 AND action = (SELECT max(id) FROM action)")
            try hold(
                noted == half || half == 0, "P2: \(verb): \(half) rows are changed, and the action's items say \(noted)")
            if half < Self.rows { try await goOn(["journal", verb], anew: ["journal", verb] + filter) }
        }
        try await yard.examine(database, ground)
        let whole = try changed(verb)
        try hold(
            whole == Self.rows, "P2: \(verb), \(plan), at \(half) rows, then gone on: \(whole) of \(Self.rows) rows are changed")
        return "\(verb) \(plan), \(ending == .exited(0) ? "too late" : "at \(half) rows")"
    }

    /// How many rows are as the verb makes them; every other one has to be as it was.
    private func changed(_ verb: String) throws -> Int {
        let file = try PlainFile(database)
        let originals = try file.integer("SELECT count(*) FROM journal WHERE replay_of IS NULL")
        try hold(originals == Self.rows, "P2: \(originals) of \(Self.rows) entries are there")
        let state =
            switch verb {
            case "retry": 2
            case "replay": 11
            default: 10
            }
        let changed = try file.integer("SELECT count(*) FROM journal WHERE replay_of IS NULL AND state = \(state)")
        let untouched = try file.integer("SELECT count(*) FROM journal WHERE replay_of IS NULL AND state = 9")
        try hold(changed + untouched == Self.rows, "P2: \(verb): \(changed) changed, \(untouched) not, of \(Self.rows)")
        if verb == "replay" {
            let (news, names) = (
                try file.integer("SELECT count(*) FROM journal WHERE replay_of IS NOT NULL AND state = 2"),
                try file.integer("SELECT count(DISTINCT replay_of) FROM journal WHERE replay_of IS NOT NULL")
            )
            try hold(news == changed && names == changed, "P2: \(changed) entries were replayed by \(news) new ones for \(names)")
        }
        return changed
    }

    func importing(using random: inout SeededGenerator) async throws -> String {
        try writeLines()
        try await makeEmpty()
        let plan = plan(185, using: &random)
        let ending = try await yard.command(ground, ["journal", "import", lines, "--yes", "--database", database], plan)
        try await yard.examine(database, ground)
        let half = try PlainFile(database).integer("SELECT count(*) FROM journal")
        if half < Self.rows { try await goOn(["journal", "import", lines], anew: ["journal", "import", lines]) }
        try await yard.examine(database, ground)
        let file = try PlainFile(database)
        let (all, different) = (
            try file.integer("SELECT count(*) FROM journal"),
            try file.integer("SELECT count(DISTINCT CAST(data AS TEXT)) FROM journal")
        )
        try hold(
            all == Self.rows && different == Self.rows,
            "P2: import, \(plan), at \(half) lines, then gone on: \(all) entries of \(different) lines, of \(Self.rows)")
        return "import \(plan), \(ending == .exited(0) ? "too late" : "at \(half) lines")"
    }

    func backup(using random: inout SeededGenerator) async throws -> String {
        try await makeDead()
        let copy = ground + "/copy.sqlite3"
        remove(copy)
        let plan = plan(200, using: &random)
        let ending = try await yard.command(ground, ["database", "backup", copy, "--database", database], plan)
        let exists = FileManager.default.fileExists(atPath: copy)
        if exists { try await examineCopy(copy) }
        try hold(exists || ending != .exited(0), "backup ended well, and there is no copy")
        try await yard.examine(database, ground)
        try await yard.command(ground, ["database", "backup", copy, "--force", "--database", database])
        try await examineCopy(copy)
        let left = try FileManager.default.contentsOfDirectory(atPath: ground).filter { $0.contains("partial-") }
        try hold(left.isEmpty, "after a backup that went through there still are \(left)")
        return "backup \(plan), \(exists ? "the copy is whole" : "no copy")"
    }

    private func examineCopy(_ copy: String) async throws {
        try await yard.examine(copy, ground)
        let rows = try PlainFile(copy).integer("SELECT count(DISTINCT CAST(data AS TEXT)) FROM journal WHERE state = 9")
        try hold(rows == Self.rows, "the copy has its name, and \(rows) of \(Self.rows) entries")
    }

    func migration(using random: inout SeededGenerator) async throws -> String {
        let newest = try await makeOld()
        let plan = plan(150, using: &random)
        let ending = try await yard.command(ground, ["database", "migrate", "--database", database], plan)
        let half = try schema(upTo: newest)
        try await yard.command(ground, ["database", "migrate", "--database", database])
        let whole = try schema(upTo: newest)
        try hold(whole == newest, "after another migrate the schema is \(whole), not \(newest)")
        try await yard.examine(database, ground)
        return "migration \(plan), \(ending == .exited(0) ? "too late" : "at schema \(half)")"
    }

    /// A file of the first schema with rows. Returns the newest schema's number.
    private func makeOld() async throws -> Int {
        try await makeEmpty()
        let newest = try PlainFile(database).integer("PRAGMA user_version")
        let old = ground + "/old.sqlite3"
        if !FileManager.default.fileExists(atPath: old) { try await makeFirst(old) }
        remove(database)
        try FileManager.default.copyItem(atPath: old, toPath: database)
        return newest
    }

    /// The migration is killed later and later, until its first step is in the file and its second one is not.
    private func makeFirst(_ old: String) async throws {
        for call in 1..<500 {
            remove(old)
            try Data().write(to: URL(fileURLWithPath: old))
            let environment = yard.tap.killing(at: call, afterwards: true)
            _ = try await Program.run("connmix-durable", ["database", "migrate", "--database", old], environment: environment)
            let file = try PlainFile(old, isWritable: true)
            guard (try? file.integer("PRAGMA user_version")) == 1 else { continue }
            var rows = ""
            for number in 1...Self.rows {
                rows += """
                    INSERT INTO journal (id, state, attempts, flags, run, topic, node, client, received_at, state_at, data)
                    VALUES (\(number), 2, 0, 0, 0, 'chat', 'n', '17', \(number), \(number), CAST('{"seq":\(number)}' AS BLOB));
                    """
            }
            rows += "INSERT OR REPLACE INTO counter VALUES (1, 2, \(Self.rows));"
            try file.execute("BEGIN; \(rows) COMMIT; PRAGMA wal_checkpoint(TRUNCATE)")
            return
        }
        throw BrokenPromise("no kill left a file of the first schema")
    }

    /// The schema's number, where its migrations have no hole and the rows are there.
    private func schema(upTo newest: Int) throws -> Int {
        let file = try PlainFile(database)
        let version = try file.integer("PRAGMA user_version")
        let (count, last) = (
            try file.integer("SELECT count(*) FROM migration"), try file.integer("SELECT max(version) FROM migration")
        )
        try hold(
            count == version && last == version && version <= newest, "schema \(version) has \(count) migrations, up to \(last)")
        let rows = try file.integer("SELECT count(DISTINCT CAST(data AS TEXT)) FROM journal WHERE state = 2")
        try hold(rows == Self.rows, "P2: at schema \(version) \(rows) of \(Self.rows) entries are there")
        let integrity = try file.texts("PRAGMA integrity_check")
        try hold(integrity == ["ok"], "at schema \(version) integrity_check says \(integrity.prefix(3))")
        return version
    }
}
