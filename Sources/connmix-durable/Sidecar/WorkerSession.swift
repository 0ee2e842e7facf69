import NIOCore

/// What one worker process is doing. Pure.
///
/// One message at a time: a line goes in, a line with the same id comes out. Anything else, and the process cannot be trusted.
struct WorkerSession {
    enum Answered: Equatable {
        case finish(WorkerAnswer.Verdict)
        case violation(String)
    }

    private(set) var held: Int64?
    /// When the message that it holds must be answered.
    private(set) var deadline: NIODeadline?
    /// Answers so far.
    private(set) var answers = 0

    /// A message is handed over.
    mutating func begin(_ id: Int64, deadline: NIODeadline?) {
        precondition(held == nil, "a worker holds one message at a time")
        held = id
        self.deadline = deadline
    }

    /// The message did not reach the process.
    mutating func takeBack() {
        held = nil
        deadline = nil
    }

    /// A line came.
    mutating func answered(_ line: [UInt8]) -> Answered {
        guard let id = held else { return .violation("it wrote a line though it held no message") }
        guard let answer = WorkerAnswer(line) else { return .violation("it wrote a line that is no answer") }
        guard answer.id == id else { return .violation("it answered message \(answer.id) while it held \(id)") }
        takeBack()
        answers += 1
        return .finish(answer.verdict)
    }
}
