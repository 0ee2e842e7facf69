/// Gathers attempts that are under way at the same time into batches, so that one call handles several.
///
/// The first one of a batch waits until it is full or its time is up, and calls the handler for all; the others wait for it. Each ends with
/// its own outcome, and keeps its place in its lane until then.
final class Batches: Sendable {
    /// What an attempt does next.
    private enum Part: Sendable {
        case leads(Batch)
        case ended((any Error)?)
        /// Its batch was given up before it began.
        case disbanded
    }

    private final class Batch: Sendable {
        struct Members {
            var items: [BatchedMessage]
            var followers: [CheckedContinuation<Part, Never>] = []
        }

        let members: Locked<Members>
        private let full: AsyncStream<Void>
        private let fill: AsyncStream<Void>.Continuation

        init(_ first: BatchedMessage) {
            members = Locked(Members(items: [first]))
            (full, fill) = AsyncStream.makeStream()
        }

        func isFull() { fill.finish() }

        /// Returns when it is full, or the time is up.
        func gather(within limit: Duration) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { [full] in for await _ in full {} }
                group.addTask { try await Task.sleep(for: limit) }
                defer { group.cancelAll() }
                try await group.next()
            }
            try Task.checkCancellation()
        }

        func end(_ part: Part) {
            for follower in members.withLock({ $0.followers }) { follower.resume(returning: part) }
        }
    }

    private let size: Int
    private let limit: Duration
    private let body: BatchHandler
    /// The one that takes more.
    private let open = Locked<Batch?>(nil)

    init(of size: Int, within limit: Duration, _ body: @escaping BatchHandler) {
        self.size = size
        self.limit = limit
        self.body = body
    }

    func handle(_ message: Message, _ context: HandlerContext) async throws {
        let item = BatchedMessage(message: message, context: context)
        while true {
            switch await join(item) {
            case .leads(let batch): return try await lead(batch, item)
            case .ended(let error): return try item.end(error)
            case .disbanded: try Task.checkCancellation()
            }
        }
    }

    private func join(_ item: BatchedMessage) async -> Part {
        await withCheckedContinuation { continuation in
            let own = open.withLock { open -> Batch? in
                if let batch = open {
                    let count = batch.members.withLock { members in
                        members.items.append(item)
                        members.followers.append(continuation)
                        return members.items.count
                    }
                    if count >= size {
                        batch.isFull()
                        open = nil
                    }
                    return nil
                }
                let batch = Batch(item)
                if size > 1 { open = batch } else { batch.isFull() }
                return batch
            }
            if let own { continuation.resume(returning: .leads(own)) }
        }
    }

    private func lead(_ batch: Batch, _ item: BatchedMessage) async throws {
        let isCancelled: (any Error)?
        do {
            try await batch.gather(within: limit)
            isCancelled = nil
        } catch {
            isCancelled = error
        }
        // From here on nobody joins.
        open.withLock { open in if open === batch { open = nil } }
        if let isCancelled {
            batch.end(.disbanded)
            throw isCancelled
        }
        var failure: (any Error)?
        do {
            try await body(batch.members.withLock { $0.items })
        } catch {
            failure = error
        }
        // Whoever was not cancelled must hear why it failed all the same.
        let isCutShort = Task.isCancelled && failure is CancellationError
        batch.end(.ended(isCutShort ? CutShort() : failure))
        try item.end(failure)
    }

    /// What those of a batch hear whose first message's attempt was ended in the middle.
    struct CutShort: Error, CustomStringConvertible {
        var description: String { "the batch was ended together with the attempt at its first message, whose time was up" }
    }
}
