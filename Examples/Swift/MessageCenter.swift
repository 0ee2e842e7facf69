import ConnmixDurable

/// A message center: a notice for a user is a row that waits until the user has read it, on whatever connection.
enum MessageCenter {
    private struct Frame: Decodable {
        var op: String
        var name: String?
        var to: [String]?
        var text: String?
        var id: Int64?
    }

    private struct Session: Decodable {
        var uid: String?
    }

    static func makeHandlers() -> Handlers {
        var handlers = Handlers()
        handlers.handle("chat", as: Frame.self) { frame, message, context in
            switch frame.op {
            case "auth":
                guard let name = frame.name else { throw HandlerError.permanent("a login without a name") }
                try context.setContextValue(message.client, "user_id", name)
                try context.write { tables in
                    try makeTables(tables)
                    try tables.execute(
                        "INSERT INTO online VALUES (?1, ?2) ON CONFLICT DO UPDATE SET client = excluded.client",
                        SQLValue(name), SQLValue(message.client))
                    let unread = try tables.query(
                        "SELECT id, text FROM notices WHERE user = ?1 AND is_read = 0 ORDER BY id", SQLValue(name))
                    try tables.stage(.meshSend(to: message.client, "\(unread.count) unread"))
                    for notice in unread {
                        try tables.stage(.meshSend(to: message.client, "notice \(shown(notice["id"])): \(shown(notice["text"]))"))
                    }
                }
            case "notify":
                try context.write { tables in
                    try makeTables(tables)
                    for user in frame.to ?? [] {
                        try tables.execute(
                            "INSERT INTO notices (user, text) VALUES (?1, ?2)", SQLValue(user), SQLValue(frame.text ?? ""))
                        let id = try tables.query("SELECT max(id) AS id FROM notices")[0]["id"]
                        // Who is not there reads it after the next login.
                        guard
                            case .text(let client)? = try tables.query(
                                "SELECT client FROM online WHERE user = ?1", SQLValue(user)
                            )
                            .first?["client"]
                        else { continue }
                        try tables.stage(.meshSend(to: ClientID(client), "notice \(shown(id)): \(frame.text ?? "")"))
                    }
                }
            case "read":
                guard let name = try message.decode(Session.self).uid else { throw HandlerError.permanent("no login") }
                try context.write { tables in
                    let count = try tables.execute(
                        "UPDATE notices SET is_read = 1 WHERE user = ?1 AND id = ?2 AND is_read = 0", SQLValue(name),
                        SQLValue(frame.id))
                    try tables.stage(.meshSend(to: message.client, "\(count) read"))
                }
            default:
                throw HandlerError.permanent("what is \(frame.op)?")
            }
        }
        return handlers
    }

    private static func makeTables(_ tables: borrowing OwnTables) throws {
        try tables.execute("CREATE TABLE IF NOT EXISTS online (user TEXT PRIMARY KEY, client TEXT NOT NULL) STRICT")
        try tables.execute(
            "CREATE TABLE IF NOT EXISTS notices (id INTEGER PRIMARY KEY, user TEXT NOT NULL, text TEXT NOT NULL, is_read INTEGER NOT NULL DEFAULT 0) STRICT"
        )
    }

    private static func shown(_ value: SQLValue?) -> String {
        switch value {
        case .integer(let number): "\(number)"
        case .text(let text): text
        default: "-"
        }
    }

    @Sendable static func play(_ stage: Stage) async throws {
        try await stage.consuming(makeHandlers()) {
            var bob = try await Person("bob", on: stage.engine)
            try await bob.says(#"{"op":"auth","name":"bob"}"#)
            await bob.hears()
            let office = try await Person("office", on: stage.engine)
            try await office.says(#"{"op":"notify","to":["ann","bob"],"text":"closed on Friday"}"#)
            await bob.hears()
            try await bob.says(#"{"op":"read","id":2}"#)
            await bob.hears()
        }
        print("-- the consumer is stopped and started again")
        try await stage.consuming(makeHandlers()) {
            var ann = try await Person("ann", on: stage.engine)
            try await ann.says(#"{"op":"auth","name":"ann"}"#)
            await ann.hears()
            await ann.hears()
            try await ann.says(#"{"op":"read","id":1}"#)
            await ann.hears()
            try await ann.says(#"{"op":"auth","name":"ann"}"#)
            await ann.hears()
        }
    }
}
