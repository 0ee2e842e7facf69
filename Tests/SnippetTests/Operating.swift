import ConnmixDurable
import Logging

private func receipt(_ consumer: ConnmixConsumer) async throws {
    // snippet.receipt
    let receipt = try await consumer.outbox.meshPublish(to: "news", "hello")
    let answer = try await receipt.answer(within: .seconds(5))
    print(answer.delivered ?? 0, answer.failed ?? 0)
    // snippet.end
}

private func pause(_ consumer: ConnmixConsumer) async throws {
    // snippet.pause
    try await consumer.pause(topics: ["orders"], reason: "the price service is out")
    try await consumer.resume(topics: ["orders"])
    // snippet.end
}

private func inspect(_ logger: Logger) throws {
    // snippet.inspector
    let inspector = try Inspector(database: "connmix-durable.sqlite3")
    var filter = JournalFilter()
    filter.states = [.dead]
    for entry in try inspector.entries(filter) {
        logger.info("dead", metadata: ["entry": "\(entry.id)"])
    }
    // snippet.end
}

private func repair(_ logger: Logger) throws {
    // snippet.operator
    let journal = try JournalOperator(database: "connmix-durable.sqlite3")
    let report = try journal.retry([4711, 4712], reason: "the price service is back")
    for skipped in report.skipped {
        logger.notice("left as it is", metadata: ["entry": "\(skipped.id)", "why": "\(skipped.why)"])
    }
    try journal.undo(report.action)
    // snippet.end
}

private func repairing() throws {
    // snippet.repairing
    let journal = try JournalOperator(database: "orders.sqlite3")
    let report = try journal.retry([4711, 4712], reason: "the price service is back")
    for skipped in report.skipped { print(skipped.id, skipped.why) }
    try journal.replay([4710], payload: Array(#"{"sku":7}"#.utf8), reason: "typo in the sku")
    try journal.undo(report.action)
    // snippet.end
}

private func sharedOutbox() async throws {
    // snippet.shared-outbox
    let outbox = try SharedOutbox(database: "connmix-durable.sqlite3")
    let id = try outbox.enqueue(.meshPublish(to: "news", "hello"))
    let answer = try await outbox.answer(to: id, within: .seconds(5))
    // snippet.end
    print(answer.state)
}

private func repairOutbox() throws {
    // snippet.outbox-operator
    let outbox = try OutboxOperator(database: "connmix-durable.sqlite3")
    let report = try outbox.retry([812], reason: "the node is back")
    try outbox.undo(report.action)
    // snippet.end
}

private func options(_ message: Message, _ context: HandlerContext) throws {
    // snippet.command-options
    let command = try Command.meshSend(to: message.client, "your taxi is here").with { options in
        options.expiresAfter = .seconds(60)
        options.delivery = .atMostOnce
    }
    try context.stage(command)
    // snippet.end
}

private func acknowledged(_ configuration: inout ConsumerConfiguration) {
    // snippet.acknowledge
    configuration.acknowledge = .contextValue("ack") { message in
        struct Frame: Decodable { var number: Int }
        return (try? message.json(as: Frame.self)).map { "\($0.number)" }
    }
    // snippet.end
}

private func endToEnd(_ configuration: inout ConsumerConfiguration) {
    // snippet.end-to-end
    struct Frame: Decodable {
        var n: Int
        var user: String
    }
    @Sendable func frame(_ message: Message) -> Frame? {
        try? message.json(as: Frame.self)
    }
    configuration.dedupe = Dedupe(window: .seconds(3_600)) { message in
        frame(message).map { "\($0.user)/\($0.n)" }
    }
    configuration.acknowledge = .contextValue("ack") { message in
        frame(message).map { "\($0.n)" }
    }
    // snippet.end
}

private func secured(_ configuration: inout ConsumerConfiguration) {
    // snippet.tls
    configuration.centers = ["https://consumer:s%40cret@center.example:6787"]
    configuration.tls.trustRoots = "/etc/connmix/ca.pem"  // --ca; default: the system's authorities
    configuration.tls.clientCertificate = .init(certificate: "/etc/connmix/me.pem", key: "/etc/connmix/me-key.pem")
    // snippet.end
}

private func rewritten(_ configuration: inout ConsumerConfiguration) {
    // snippet.rewriting
    configuration.rewriteAddress = { NodeAddress(host: "localhost", port: $0.port) }
    // snippet.end
}

private func numbered(_ configuration: inout ConsumerConfiguration) {
    // snippet.numbered
    configuration.dedupe = Dedupe(window: .seconds(86_400)) { message in
        struct Frame: Decodable {
            var user: String
            var number: Int
        }
        return (try? message.json(as: Frame.self)).map { "\($0.user)/\($0.number)" }
    }
    // snippet.end
}

private func maintain() throws {
    // snippet.maintenance
    let maintenance = DatabaseMaintenance(database: "orders.sqlite3")
    try maintenance.backup(to: "/backup/orders.sqlite3")
    // snippet.end
}
