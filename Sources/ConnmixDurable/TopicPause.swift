/// What an operator has paused: the messages of a topic, or of all, until somebody resumes them. It outlives restarts.
public struct TopicPause: Sendable, Equatable {
    /// The topic; `nil`: all of them.
    public let topic: String?
    /// Nothing is popped either, so that messages wait in the engine's queues. Otherwise they are journaled, and wait in the file.
    public let holdsIntake: Bool
    /// Microseconds since 1970.
    public let since: Int64
    /// Who did it: the operating-system user and the process id, unless another name was given.
    public let actor: String
    /// Why, in the operator's words.
    public let reason: String?

    package init(topic: String?, holdsIntake: Bool, since: Int64, actor: String, reason: String?) {
        self.topic = topic
        self.holdsIntake = holdsIntake
        self.since = since
        self.actor = actor
        self.reason = reason
    }
}

/// A topic whose handlers fail for one cause, one message after the other: its messages are tried one at a time, with growing pauses,
/// until one succeeds.
public struct ProbedTopic: Sendable, Equatable {
    /// Its name.
    public let topic: String
    /// The error they fail with, as `FailureCause.name`.
    public let cause: String
    /// Microseconds since 1970.
    public let since: Int64

    package init(topic: String, cause: String, since: Int64) {
        self.topic = topic
        self.cause = cause
        self.since = since
    }
}
