/// What is paused by hand, as the file keeps it (table `pause`).
enum Pauses {
    /// In the place of a topic's name: all of them.
    private static let all = ""

    static func list(_ connection: Connection) throws -> [TopicPause] {
        var pauses: [TopicPause] = []
        try connection.statement("SELECT topic, intake, paused_at, actor, reason FROM pause ORDER BY topic").forEach { row in
            let topic = row.text(0)
            pauses.append(
                TopicPause(
                    topic: topic == all ? nil : topic, holdsIntake: row.int(1) != 0, since: row.time(2), actor: row.text(3),
                    reason: row.optionalText(4)))
        }
        return pauses
    }

    /// Takes the place of an earlier pause of the same topic, whose reason stays where the new one has none.
    static func put(_ transaction: Transaction, _ pause: TopicPause) throws {
        let put = try transaction.connection.statement(
            """
            INSERT INTO pause (topic, intake, paused_at, actor, reason) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT (topic) DO UPDATE SET intake = excluded.intake, paused_at = excluded.paused_at,
                actor = excluded.actor, reason = coalesce(excluded.reason, reason)
            """)
        put.bind(1, pause.topic ?? all)
        put.bind(2, pause.holdsIntake ? 1 : 0)
        put.bind(3, pause.since)
        put.bind(4, pause.actor.boundedError)
        put.bind(5, pause.reason?.boundedError)
        try put.run()
    }

    static func remove(_ transaction: Transaction, topic: String?) throws {
        let delete = try transaction.connection.statement("DELETE FROM pause WHERE topic = ?1")
        delete.bind(1, topic ?? all)
        try delete.run()
    }
}
