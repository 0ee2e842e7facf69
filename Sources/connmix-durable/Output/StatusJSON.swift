import ConnmixDurable

/// The keys of CLI.md; a contract.
extension JSONWriter {
    /// - Parameter words: what is shown of a text that a handler made, of which entry where that is known.
    mutating func members(of snapshot: StatusSnapshot, words: (String, Int64?) -> String = { text, _ in text }) {
        members(of: snapshot.status) { words($0, nil) }
        let activity = snapshot.activity
        key("rates")
        if let rates = snapshot.rates {
            object { writer in
                writer.key("received"); writer.number(rates.received)
                writer.key("handled"); writer.number(rates.handled)
                writer.key("sent"); writer.number(rates.sent)
                writer.key("failed"); writer.number(rates.failed)
            }
        } else {
            string(nil)
        }
        key("last_minute")
        object { writer in
            writer.key("received"); writer.integer(activity.receivedLastMinute)
            writer.key("failed"); writer.integer(activity.failedLastMinute)
        }
        key("lanes_parked"); integer(activity.parkedLanes)
        key("dead_last_hour")
        array(activity.deadLastHour) { writer, cause in
            writer.object { writer in
                writer.key("id"); writer.string(cause.id)
                writer.key("cause"); writer.string(words(cause.cause, cause.newestEntry))
                writer.key("count"); writer.integer(cause.count)
                writer.key("newest"); writer.integer(cause.newestEntry)
            }
        }
        key("taken_at"); time(snapshot.status.takenAt)
    }

    /// - Parameter words: what is shown of a text that a handler made.
    mutating func members(of status: StatusReport, words: (String) -> String = { $0 }) {
        key("consumer")
        object { writer in
            writer.key("running"); writer.bool(status.consumer.isRunning)
            writer.key("pid"); writer.integer(status.consumer.pid)
            writer.key("since"); writer.time(status.consumer.since)
            writer.key("version"); writer.string(status.consumer.version)
            writer.membersOfEnd(status.consumer)
            writer.key("handler_version"); writer.string(status.consumer.handlerVersion)
            writer.key("paused"); writer.string(status.consumer.paused)
        }
        key("topics"); array(status.topics) { $0.string($1) }
        key("handler"); string(status.handler)
        key("workers")
        if let trouble = status.handlerTrouble {
            object { writer in
                writer.key("cannot_run"); writer.string(words(trouble.reason))
                writer.key("since"); writer.time(trouble.since)
            }
        } else {
            string(nil)
        }
        key("held")
        if let held = status.held {
            object { writer in
                writer.key("count"); writer.integer(held.count)
                writer.key("handlers"); writer.integer(held.handlers)
                writer.key("messages")
                writer.array(held.messages) { writer, message in
                    writer.object { writer in
                        writer.key("entry"); writer.integer(message.entry)
                        writer.key("since"); writer.time(message.since)
                    }
                }
            }
        } else {
            string(nil)
        }
        key("centers"); array(status.centers) { $0.string($1) }
        key("center_trouble")
        if let trouble = status.centerTrouble {
            object { writer in
                writer.key("reason"); writer.string(trouble.reason)
                writer.key("since"); writer.time(trouble.since)
            }
        } else {
            string(nil)
        }
        key("paused"); array(status.paused) { writer, pause in writer.object { $0.members(of: pause) } }
        key("probing")
        array(status.probed) { writer, outage in
            writer.object { writer in
                writer.key("topic"); writer.string(outage.topic)
                writer.key("since"); writer.time(outage.since)
                writer.key("cause"); writer.string(words(outage.cause))
            }
        }
        key("nodes")
        array(status.nodes) { writer, node in
            writer.object { writer in
                writer.key("id"); writer.string(node.id)
                writer.key("address"); writer.string(node.address)
                writer.key("state"); writer.string(node.state.rawValue)
                writer.key("not_consumed_since"); writer.time(node.notConsumedSince)
                writer.key("reason"); writer.string(node.reason)
            }
        }
        key("waiting")
        array(status.waiting) { writer, entry in
            writer.object { writer in
                writer.key("node"); writer.string(entry.node)
                writer.key("since"); writer.time(entry.since)
                writer.key("commands"); writer.integer(entry.commands)
            }
        }
        key("at_risk"); integer(status.atRisk)
        key("at_risk_high"); integer(status.atRiskHigh)
        key("at_risk_updated_at"); time(status.atRiskUpdatedAt)
        key("loss_bound")
        object { writer in
            writer.key("now"); writer.integer(status.lossBound.now)
            writer.key("high"); writer.integer(status.lossBound.high)
            writer.key("limit"); writer.integer(status.lossBound.limit)
            writer.key("survives_power_cut")
            if let survives = status.lossBound.survivesPowerCut { writer.bool(survives) } else { writer.string(nil) }
            writer.key("text"); writer.string(status.lossBound.text)
        }
        key("journal")
        object { writer in
            for state in EntryState.allCases { writer.key(state.description); writer.integer(status.journal[state] ?? 0) }
            writer.key("oldest_pending_age"); writer.number(Self.age(status.oldestEntry, status.takenAt))
        }
        key("outbox")
        object { writer in
            for state in CommandState.allCases { writer.key(state.description); writer.integer(status.outbox[state] ?? 0) }
            writer.key("oldest_pending_age"); writer.number(Self.age(status.oldestCommand, status.takenAt))
        }
        key("database")
        object { writer in
            writer.key("path"); writer.string(status.database.path)
            writer.key("bytes"); writer.integer(status.database.bytes)
            writer.key("wal_bytes"); writer.integer(status.database.walBytes)
            writer.key("schema_version"); writer.integer(status.database.schemaVersion)
            writer.key("synchronous"); writer.string(status.database.synchronous)
        }
    }

    /// Seconds.
    private static func age(_ time: Int64?, _ now: Int64) -> Double? {
        time.map { Double(max(0, now - $0) / 1_000) / 1_000 }
    }
}
