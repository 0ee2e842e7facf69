import ConnmixDevEngine
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("repairing the outbox", .timeLimit(.minutes(1)))
struct OutboxRepairTests {
    private let nothing = Handlers(all: { _, _ in })

    private func end(_ database: String, _ id: Int64) async throws -> CommandState {
        try await SharedOutbox(database: database).answer(to: id, within: .seconds(20)).state
    }

    @Test("P4: of any number that wait for the end of their commands each hears that an operator has cancelled it")
    func manyAwaited() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                try await withConsumer(testConfiguration(database, engine), handlers: nothing) { consumer in
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    let far = Clock.now() + 3_600_000_000
                    let receipts = try await consumer.outbox.enqueue(
                        (0..<12_000).map { try .meshSend(to: ClientID("\($0)"), "later").with { $0.notBefore = far } })
                    let cancelled = stride(from: 0, to: receipts.count, by: 20).map { receipts[$0] }
                    let operations = try OutboxOperator(database: database, actor: "ops")
                    #expect(try operations.cancel(cancelled.map(\.id)).applied.count == cancelled.count)
                    for receipt in cancelled { #expect(try await receipt.answer(within: .seconds(20)).state == .cancelled) }
                }
            }
        }
    }

    @Test(
        "P4: an operator cancels what waits, and puts aside and retries what is dead, expired, cancelled or unknown; undo takes that back"
    )
    func verbs() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                configuration.commandRetry.unreachablePause = .milliseconds(1)
                try await withConsumer(configuration, handlers: nothing) { consumer in
                    let user = try await engine.connectEndUser()
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    let operations = try OutboxOperator(database: database, actor: "ops")
                    let outbox = try SharedOutbox(database: database)
                    let far = Clock.now() + 3_600_000_000
                    let client = ClientID(user.id)
                    let waiting = try outbox.enqueue([
                        .meshSend(to: client, "first").with { $0.notBefore = far },
                        .meshSend(to: client, "second"),
                        .meshSend(to: client, "third"),
                    ])
                    // Cancelled in memory as in the file: what waited behind it goes on.
                    let cancel = try operations.cancel([waiting[0], 99], reason: "not wanted")
                    #expect(cancel.applied == [waiting[0]])
                    #expect(cancel.skipped == [.init(id: 99, why: .notFound)])
                    #expect(try await end(database, waiting[1]) == .sent)
                    #expect(try await end(database, waiting[2]) == .sent)
                    var frames = user.frames.makeAsyncIterator()
                    #expect(await frames.next()?.text == "second")
                    #expect(await frames.next()?.text == "third")
                    #expect(try operations.retry([waiting[1]]).skipped == [.init(id: waiting[1], why: .wrongState("sent"))])
                    let undo = try operations.undo(cancel.action)
                    #expect(undo.applied == [waiting[0]])
                    #expect(try operations.retry([waiting[0]]).applied == [waiting[0]])
                    #expect(await frames.next()?.text == "first")

                    let lost = try outbox.enqueue(.meshSend(to: "404", "nobody"))
                    #expect(try await end(database, lost) == .dead)
                    let retry = try operations.retry([lost], reason: "again")
                    #expect(retry.applied == [lost])
                    #expect(try await end(database, lost) == .dead)
                    #expect(try operations.undo(retry.action).skipped == [.init(id: lost, why: .changed("dead"))])

                    // What was given up is put aside, and comes back as it was.
                    let aside = try operations.cancel([lost, waiting[1]], reason: "has left")
                    #expect(aside.applied == [lost])
                    #expect(aside.skipped == [.init(id: waiting[1], why: .wrongState("sent"))])
                    #expect(try operations.cancel([lost]).skipped == [.init(id: lost, why: .wrongState("cancelled"))])
                    #expect(try Inspector(database: database).status().outbox[.dead] ?? 0 == 0)
                    #expect(try operations.undo(aside.action).applied == [lost])
                    #expect(try Inspector(database: database).status().outbox[.dead] == 1)
                    let left = try operations.cancel([lost])
                    #expect(try operations.retry([lost]).applied == [lost])
                    #expect(try await end(database, lost) == .dead)
                    #expect(try operations.undo(left.action).skipped == [.init(id: lost, why: .changed("dead"))])
                    #expect(throws: ConnmixError.self) { try JournalOperator(database: database).undo(retry.action) }
                }
                let actions = try JournalOperator(database: database).actions()
                #expect(
                    actions.map(\.verb) == [
                        "undo", "retry", "cancel", "undo", "cancel", "cancel", "undo", "retry", "retry", "undo", "retry",
                        "cancel",
                    ])
                #expect(actions.allSatisfy { !$0.isOnJournal && $0.actor == "ops" })
            }
        }
    }

    @Test("a publish that reached only some is listed and can be sent again", arguments: DevEngine.Dialect.allCases)
    func partial(dialect: DevEngine.Dialect) async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(dialect: dialect)) { engine in
                // The request after `queue.pop`, which the older dialect takes in its second form.
                let result = dialect == .docs ? #"{"s":2,"f":1}"# : #"{"s":true,"f":1,"t":3}"#
                let answer = #"{"E":null,"r":\#(result),"i":\#(dialect == .docs ? 2 : 3)}"#
                try await engine.addFault(.init(.answer(answer), method: "mesh.publish", times: 1), node: engine.nodes[0].id)
                try await withConsumer(testConfiguration(database, engine), handlers: nothing) { consumer in
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    let receipt = try await consumer.outbox.meshPublish(to: "r", "x")
                    let first = try await receipt.answer(within: .seconds(20))
                    #expect(first.isSuccess && first.delivered == 2 && first.failed == 1 && first.total == 3)
                    #expect(try await end(database, receipt.id) == .sent)  // in the file, too
                    var partial = OutboxFilter()
                    partial.isPartial = true
                    #expect(try Inspector(database: database).commands(partial).map(\.id) == [receipt.id])
                    #expect(try OutboxOperator(database: database).retry([receipt.id]).applied == [receipt.id])
                    let second = try await SharedOutbox(database: database).answer(to: receipt.id, within: .seconds(20))
                    #expect(second.isSuccess && second.failed == 0)
                }
                #expect(try Inspector(database: database).command(1).writes == 2)
            }
        }
    }

    @Test("a long list is written down first, and goes on where it stopped without repeating or skipping")
    func resumed() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                try await withConsumer(testConfiguration(database, engine), handlers: nothing) { _ in }
                let outbox = try SharedOutbox(database: database)
                let ids = try outbox.enqueue((0..<1_200).map { try .meshSend(to: ClientID("\($0)"), "x") })
                let runner = ActionRunner(store: try SharedStore(path: database), ledger: .outbox, actor: "ops")
                let action = try runner.plan(.cancel, ids, reason: nil)
                var seen: [Int64] = []
                for limit in [1, 500, 7] {
                    let part = try runner.work(action, .cancel, limit: limit) { try OutboxTable.cancel($0, id: $1, time: $2) }
                    seen += part?.applied ?? []
                }
                try runner.stop(action)
                #expect(seen == Array(ids.prefix(508)))
                #expect(try JournalOperator(database: database).actions()[0].state == .stopped)
                let other = ActionRunner(store: try SharedStore(path: database), ledger: .outbox, actor: "another process")
                while let part = try other.work(
                    action, .cancel, limit: 500, intervene: { try OutboxTable.cancel($0, id: $1, time: $2) })
                {
                    seen += part.applied
                }
                #expect(seen == ids)
                let record = try JournalOperator(database: database).actions()[0]
                #expect(record.state == .finished && record.total == 1_200 && record.finished == 1_200)
                #expect(try OutboxOperator(database: database).undo(action).applied == ids)
            }
        }
    }
}
