import ConnmixDurable
import Glibc
import Synchronization

/// Reads and acts for `top` on threads of their own, so that keys wait for neither. What came of it is taken by who draws.
final class TopDesk: Sendable {
    enum Event: Sendable {
        case answered(TopRead, TopAnswer, took: Duration)
        case acted(Int)
        case ended(Result<OperatorReport, TopStop>)
    }

    private struct State {
        var events: [Event] = []
        var reading: TopRead?
        var isActing = false
    }

    private let database: String
    private let inspector: Inspector
    private let state = Mutex(State())
    private let givesUp = Atomic(false)
    private let stops = Atomic(false)

    /// - Throws: as `Inspector.init`.
    init(database: String) throws {
        self.database = database
        inspector = try Inspector(database: database)
    }

    /// What is being read.
    var reading: TopRead? { state.withLock { $0.reading } }
    var isActing: Bool { state.withLock { $0.isActing } }

    /// What has happened since the call before.
    func take() -> [Event] {
        state.withLock { state in
            defer { state.events = [] }
            return state.events
        }
    }

    // MARK: Reading

    /// Only while nothing is being read.
    func read(_ read: TopRead, after earlier: StatusSnapshot?) {
        givesUp.store(false, ordering: .relaxed)
        state.withLock { $0.reading = read }
        let isStarted = Self.start {
            ThreadPriority.lower()
            let start = ContinuousClock.now
            let answer = self.answer(to: read, after: earlier)
            self.state.withLock { state in
                state.reading = nil
                if let answer { state.events.append(.answered(read, answer, took: .now - start)) }
            }
        }
        guard !isStarted else { return }
        state.withLock { state in
            state.reading = nil
            state.events.append(.answered(read, .failed("no thread can be started", isGone: false), took: .zero))
        }
    }

    /// Nobody wants what is being read: a long search ends with the short read it is at.
    func giveUp() { givesUp.store(true, ordering: .relaxed) }

    /// - Returns: `nil` where it was given up.
    private func answer(to read: TopRead, after earlier: StatusSnapshot?) -> TopAnswer? {
        do {
            return try read.perform(inspector, after: earlier) {
                if givesUp.load(ordering: .relaxed) { throw CancellationError() }
            }
        } catch is CancellationError {
            return nil
        } catch {
            return .failed(Self.text(error), isGone: (error as? ConnmixError)?.code == .notFound)
        }
    }

    // MARK: Acting

    /// Only while no action goes on. At the usual priority: a consumer waits for the lock that it holds.
    func act(_ selection: TopSelection) {
        stops.store(false, ordering: .relaxed)
        state.withLock { $0.isActing = true }
        let isStarted = Self.start { self.end(self.perform(selection)) }
        if !isStarted { end(.failure(TopStop(text: "nothing was changed: no thread can be started"))) }
    }

    /// An action that goes on ends after the rows that it is at, and can be gone on with.
    func stop() { stops.store(true, ordering: .relaxed) }

    private func end(_ result: Result<OperatorReport, TopStop>) {
        state.withLock { state in
            state.isActing = false
            state.events.append(.ended(result))
        }
    }

    private func perform(_ selection: TopSelection) -> Result<OperatorReport, TopStop> {
        var isPlanned = false
        do {
            let work = try BulkWork(database: database, selection.order.verb, on: selection.order.ledger)
            let action = try work.plan(selection.ids, reason: "from top", filter: selection.order.filter)
            isPlanned = true
            var parts = VerbParts(
                work, action, total: selection.ids.count, steps: nil, inspector: inspector, reportsStop: false)
            try UnseenLoop(total: selection.ids.count).run(&parts) {
                stops.load(ordering: .relaxed)
            } note: { done in
                state.withLock { $0.events.append(.acted(done)) }
            }
            return .success(parts.report)
        } catch {
            return .failure(TopStop(text: (isPlanned ? "" : "nothing was changed: ") + Self.text(error)))
        }
    }

    // MARK: -

    private static func text(_ error: any Error) -> String {
        (error as? ConnmixError)?.message ?? (error as? Failure)?.message ?? "\(error)"
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// - Returns: whether there is such a thread now.
    private static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
        let box = Unmanaged.passRetained(
            Body {
                // Signals are for threads that do something about them.
                var all = sigset_t()
                sigfillset(&all)
                pthread_sigmask(SIG_BLOCK, &all, nil)
                body()
            })
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, box.toOpaque())
        guard result == 0 else {
            box.release()
            return false
        }
        pthread_detach(thread)
        return true
    }
}
