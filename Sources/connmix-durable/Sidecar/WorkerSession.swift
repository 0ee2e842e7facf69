import NIOCore

/// What one worker process is doing. Pure.
///
/// Messages go in one after the other, a line each, and come out in the same order, a line with the same id each. Anything else, and
/// the process cannot be trusted. It works on the first; a second line may be written ahead, so that a quick worker never waits for
/// the next one. Only a worker that is known to be quick gets one: behind a slow message another must not wait while its neighbours
/// are idle.
struct WorkerSession {
    enum Answered: Equatable {
        case finish(WorkerAnswer.Verdict)
        case violation(String)
    }

    /// Whether a message may be handed over.
    enum Room: Equatable {
        case none
        /// It would be worked on at once.
        case free
        /// It would wait in the pipe.
        case ahead
    }

    /// An answer within this time is a quick one.
    static let quick = TimeAmount.milliseconds(1)
    /// So many quick answers in a row, and lines are written ahead.
    static let proof = 16

    private let timeout: TimeAmount?
    private let anyMethod: Bool
    private var held: Int64?
    private var ahead: Int64?
    private var begunAt = NIODeadline.uptimeNanoseconds(0)
    private var quickAnswers = 0
    /// Answers so far.
    private(set) var answers = 0
    /// It has said that it ends: nothing more is handed over, and what was written ahead it does not begin.
    private(set) var isLast = false

    /// - Parameters:
    ///   - timeout: how long an answer may take, from when the message is the first.
    ///   - anyMethod: whether commands may have names that connmix is not known to have.
    init(timeout: TimeAmount? = nil, anyMethod: Bool = false) {
        self.timeout = timeout
        self.anyMethod = anyMethod
    }

    /// When the message that it works on must be answered.
    var deadline: NIODeadline? {
        guard held != nil, let timeout else { return nil }
        return begunAt + timeout
    }

    func room(now: NIODeadline) -> Room {
        if isLast { return .none }
        if held == nil { return .free }
        return ahead == nil && quickAnswers >= Self.proof && now - begunAt <= Self.quick ? .ahead : .none
    }

    /// A message is handed over; there must be room.
    mutating func take(_ id: Int64, now: NIODeadline) {
        if held == nil {
            held = id
            begunAt = now
        } else {
            precondition(ahead == nil, "a worker has at most one message ahead")
            ahead = id
        }
    }

    /// The message did not reach the process.
    mutating func takeBack(_ id: Int64) {
        assert(id == held || id == ahead, "only what was handed over is taken back")
        if ahead == id { ahead = nil }
        if held == id {
            held = ahead
            ahead = nil
        }
    }

    /// A line came.
    mutating func answered(_ line: [UInt8], now: NIODeadline) -> Answered {
        guard let id = held else { return .violation("it wrote a line though it held no message") }
        guard let answer = WorkerAnswer(line, anyMethod: anyMethod) else {
            return .violation("it wrote a line that is no answer")
        }
        guard answer.id == id else { return .violation("it answered message \(answer.id) while it held \(id)") }
        quickAnswers = now - begunAt <= Self.quick ? quickAnswers + 1 : 0
        answers += 1
        isLast = answer.isLast
        held = isLast ? nil : ahead
        ahead = nil
        begunAt = now
        return .finish(answer.verdict)
    }
}
