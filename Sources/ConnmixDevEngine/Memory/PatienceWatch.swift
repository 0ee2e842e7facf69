import NIOCore

/// What may last too long: when to look at it again.
struct PatienceWatch {
    enum Subject: Hashable {
        /// The end user's n-th wait.
        case client(UInt64, wait: Int)
        /// A queue that nobody consumes, of the node that has that id.
        case queue(Int, place: Int, node: String)
    }

    private var list = CircularBuffer<(subject: Subject, due: NIODeadline)>()
    private var queues: Set<Subject> = []

    /// When ``due(now:)`` has something; nil while nothing is watched.
    var next: NIODeadline? { self.list.first?.due }

    mutating func watch(_ subject: Subject, from now: NIODeadline, patience: TimeAmount) {
        if case .queue = subject, !self.queues.insert(subject).inserted { return }
        self.list.append((subject, now + patience))
    }

    /// What has to be looked at now. It is not watched any more.
    mutating func due(now: NIODeadline) -> [Subject] {
        var subjects: [Subject] = []
        while let first = self.list.first, first.due <= now {
            subjects.append(first.subject)
            self.queues.remove(first.subject)
            self.list.removeFirst()
        }
        return subjects
    }
}
