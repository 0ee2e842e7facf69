import ConnmixDurable
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import Synchronization

/// Reads and changes the file for the console, on threads of its own: never on those that run a consumer's tasks.
///
/// A search that takes long holds up other searches, and neither looks nor changes. Changes go one after the other.
final class WebDesk: Sendable {
    private struct State {
        var inspector: Inspector?
        var selections = WebSelections()
        var look: (snapshot: StatusSnapshot, at: ContinuousClock.Instant)?
    }

    /// A look is shown to all who ask within this time.
    private static let freshness = Duration.milliseconds(500)
    /// Rates are those since the look before, where that is no older.
    private static let lookLife = Duration.seconds(30)
    /// A search that takes longer is given up.
    private static let searchPatience = Duration.seconds(15)

    let database: String
    let allowsChanges: Bool
    private let redaction: [RedactionRules]
    /// Whether this process is only the console's, and leaves the processor to the consumer's.
    private let isAlone: Bool
    private let state = Mutex(State())
    private let stops = Atomic(false)
    private let looks = NIOThreadPool(numberOfThreads: 1)
    private let searches = NIOThreadPool(numberOfThreads: 2)
    private let changes = NIOThreadPool(numberOfThreads: 1)

    /// - Parameter isAlone: whether no consumer runs in this process: its threads share SQLite's locks with ours.
    init(database: String, redaction: [RedactionRules], allowsChanges: Bool, isAlone: Bool) {
        self.isAlone = isAlone
        self.database = database
        self.redaction = redaction
        self.allowsChanges = allowsChanges
    }

    /// Answers while `body` runs. Once it is to stop, a search and a change end with the rows that they are at, and what waits is refused.
    func working(_ body: () async throws -> Void) async throws {
        let pools = [looks, searches, changes]
        for pool in pools { pool.start() }
        let result: Result<Void, any Error>
        do {
            try await withTaskCancellationOrGracefulShutdownHandler {
                try await body()
            } onCancelOrGracefulShutdown: {
                self.stops.store(true, ordering: .relaxed)
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        stops.store(true, ordering: .relaxed)
        for pool in pools { try await pool.shutdownGracefully() }
        try result.get()
    }

    func answer(_ request: HTTPService.Request) async throws(WebRefusal) -> HTTPService.Response {
        if let asset = WebAsset(path: request.path) { return asset.response }
        let pool =
            switch WebRoute.Kind(request) {
            case .look: looks
            case .search: searches
            case .change: changes
            }
        let result: Result<String, WebRefusal>
        do {
            result = try await pool.runIfActive {
                // A consumer waits for the lock that a change holds; whoever only looks has time.
                if self.isAlone, pool !== self.changes { ThreadPriority.lower() }
                return self.body(request)
            }
        } catch {
            throw Self.stopping
        }
        return .init(status: .ok, body: try result.get())
    }

    private static let stopping = WebRefusal(status: .serviceUnavailable, reason: "the console is stopping")

    // MARK: On a thread of a pool

    private func body(_ request: HTTPService.Request) -> Result<String, WebRefusal> {
        do {
            guard !hasStopped else { throw Self.stopping }
            return .success(try text(WebRoute(request, database: database, redacts: !redaction.isEmpty), openInspector()))
        } catch {
            forget(after: error)
            return .failure(WebRefusal(error))
        }
    }

    private func text(_ route: WebRoute, _ inspector: Inspector) throws -> String {
        let reads = WebReads(inspector: inspector, redaction: redaction, check: deadline())
        switch route {
        case .about: return about()
        case .status: return reads.status(try look(inspector))
        case .rows(let list): return try reads.rows(list)
        case .row(let ledger, let id): return try reads.row(ledger, id)
        case .causes(let causes): return try reads.causes(causes)
        case .lanes: return try reads.lanes()
        case .losses(let gaps): return try reads.losses(gaps)
        case .actions(let actions): return try reads.actions(actions)
        case .selection(let change):
            try checkLanes(of: change, reads)
            return keep(try WebSelection(change, inspector, check: reads.check))
        case .undoing(let action): return keep(try WebSelection(undoing: inspector.action(action), inspector))
        case .change(let consent):
            guard let selection = consent.selection.flatMap({ name in state.withLock { $0.selections.take(name) } }) else {
                throw WebRefusal(
                    status: .conflict,
                    reason: "what was selected is not known any more, or was changed already; look again. Nothing was changed")
            }
            return try WebChanges(database: database, inspector: inspector) { self.hasStopped }
                .perform(selection, reason: consent.reason)
        case .pause(let topics, let intake, let consent):
            let report = try JournalOperator(database: database).pause(topics: topics, intake: intake, reason: consent.reason)
            return JSONWriter.text { report.write(.pause, to: &$0) }
        case .resume(let topics, let intake, let consent):
            let report = try JournalOperator(database: database).resume(
                topics: topics, onlyIntake: intake, reason: consent.reason)
            return JSONWriter.text { report.write(.resume, to: &$0) }
        }
    }

    /// - Throws: where a lane is named that does not stand still, or whose name must not be known.
    private func checkLanes(of change: any BulkCommand, _ reads: WebReads) throws {
        guard let lanes = (change as? any LaneVerbCommand)?.lanes.lane else { return }
        guard try lanes.allSatisfy(reads.knows) else {
            throw WebRefusal(status: .conflict, reason: "there is no lane of that name that stands still")
        }
    }

    private func about() -> String {
        JSONWriter.text { writer in
            writer.key("version"); writer.string(ProgramVersion.text)
            writer.key("database"); writer.string(database)
            writer.key("changes"); writer.bool(allowsChanges)
            writer.key("redacts"); writer.bool(!redaction.isEmpty)
        }
    }

    private func keep(_ selection: WebSelection) -> String {
        let name = state.withLock { $0.selections.keep(selection) }
        return JSONWriter.text { writer in
            writer.key("selection"); writer.string(name)
            writer.key("verb"); writer.string(selection.change.verb.rawValue)
            writer.key("count"); writer.integer(selection.count)
            writer.key("more"); writer.bool(selection.hasMore)
            writer.key("ids"); writer.array(selection.ids.prefix(20)) { $0.integer($1) }
        }
    }

    private var hasStopped: Bool { stops.load(ordering: .relaxed) }

    /// - Returns: throws once a search has taken too long.
    private func deadline() -> () throws -> Void {
        let end = ContinuousClock.now + Self.searchPatience
        return { [self] in
            if hasStopped { throw Self.stopping }
            guard ContinuousClock.now > end else { return }
            throw WebRefusal(
                status: .serviceUnavailable,
                reason:
                    "the search took longer than \(Self.searchPatience.components.seconds) seconds; narrow it, by state or time")
        }
    }

    private func look(_ inspector: Inspector) throws -> StatusSnapshot {
        let now = ContinuousClock.now
        let earlier = state.withLock { $0.look }
        if let earlier, now - earlier.at < Self.freshness { return earlier.snapshot }
        let isRecent = earlier.map { now - $0.at < Self.lookLife } ?? false
        let snapshot = try StatusSnapshot(inspector, after: isRecent ? earlier?.snapshot : nil)
        state.withLock { $0.look = (snapshot, now) }
        return snapshot
    }

    /// The file may not be there yet: a consumer that serves its console makes it.
    private func openInspector() throws -> Inspector {
        if let inspector = state.withLock({ $0.inspector }) { return inspector }
        let inspector = try Inspector(database: database)
        state.withLock { $0.inspector = inspector }
        return inspector
    }

    /// Another file may stand in its place by the next request.
    private func forget(after error: any Error) {
        switch (error as? ConnmixError)?.code {
        case .fileLost?, .noSuchDatabase?, .foreignDatabase?, .olderDatabase?, .newerDatabase?, .corrupt?:
            state.withLock { state in
                (state.inspector, state.look) = (nil, nil)
            }
        default: break
        }
    }
}

extension WebRefusal {
    /// What an error of the file is to who asked.
    fileprivate init(_ error: any Error) {
        switch error {
        case let refusal as WebRefusal: self = refusal
        case let failure as Failure:
            let status: HTTPResponseStatus =
                switch failure.exit {
                case .failed: .conflict
                case .usage, .badData: .badRequest
                case .noPermission: .forbidden
                case .bug: .internalServerError
                default: .serviceUnavailable
                }
            self.init(status: status, reason: failure.message)
        case let error as ConnmixError:
            let status: HTTPResponseStatus =
                switch error.code {
                case .notFound: .notFound
                case .badData, .invalidConfiguration: .badRequest
                case .refused: .conflict
                case .noPermission: .forbidden
                default: .serviceUnavailable
                }
            self.init(status: status, reason: error.message)
        default: self.init(status: .internalServerError, reason: "\(error)")
        }
    }
}
