/// A line about each metric, as docs/observing.md has it.
enum MetricHelp {
    static let texts: [String: String] = [
        "connmix_messages_received_total": "messages that were journaled",
        "connmix_messages_repeated_total": "repeats that were dropped by their key",
        "connmix_messages_done_total": "messages that were handled",
        "connmix_messages_dead_total": "messages that were given up, and those that could not be understood",
        "connmix_attempts_failed_total": "attempts that failed, the last ones of dead messages included",
        "connmix_handler_duration_seconds": "one attempt",
        "connmix_commands_enqueued_total": "commands that were committed",
        "connmix_commands_ended_total": "commands that ended, by state",
        "connmix_commands_postponed_total": "tries that were refused for now, or whose answer was lost",
        "connmix_commit_duration_seconds": "one commit, from taking what waits to the disk's answer",
        "connmix_commit_failures_total": "commits that failed and are tried again",
        "connmix_at_risk": "messages that were read and are not committed",
        "connmix_at_risk_high": "the most there were in this run",
        "connmix_journal_open": "entries that are not finished",
        "connmix_outbox_open": "commands that are not settled",
        "connmix_nodes": "nodes that the center lists",
        "connmix_nodes_consuming": "those that are being popped",
        "connmix_paused": "1 while nothing is taken",
        "connmix_topics_paused": "topics that are paused by hand",
        "connmix_topics_probed": "topics whose handlers fail one after the other, tried one message at a time",
        "connmix_ready": "1 while messages are taken and can be handled, as /ready says",
        "connmix_center_trouble": "1 while the centers name no nodes",
        "connmix_handlers": "handlers that may run at once",
        "connmix_handlers_held": "those that have had one message for more than half a minute",
        "connmix_log_bytes": "size of the database's write-ahead log",
        "connmix_connections_ended_total": "connections that ended, and whether in order",
    ]

    static func text(_ name: String) -> String {
        texts[name] ?? "of connmix-durable"
    }
}
