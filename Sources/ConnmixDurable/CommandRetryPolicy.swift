/// When a command that the engine refused is sent again. A lost connection never counts as an attempt (promise P4).
public struct CommandRetryPolicy: Sendable {
    /// The first pause after a refusal with an unknown code; later ones grow with full jitter up to `cap`. 1 ms to a day;
    /// 100 ms by default.
    public var base: Duration = .milliseconds(100)
    /// No pause after a refusal with an unknown code is longer. 1 ms to a day; 30 s by default.
    public var cap: Duration = .seconds(30)
    /// Answers with an unknown code after which a command is dead; 10 by default.
    public var maxAttempts = 10
    /// Answers 401 (the end user cannot be reached) after which a command is dead. Once an end user was found to be gone, one is enough
    /// for its other commands, until it sends something, for a minute. At least 1; 3 by default.
    public var maxUnreachableAnswers = 3
    /// The pause between two answers 401: the mesh may not know a client yet that has just come, and a gone one is given up
    /// within a second. 1 ms to a day; 250 ms by default.
    public var unreachablePause: Duration = .milliseconds(250)

    /// What certain codes mean here, before all that is said above. None by default.
    public var rules: [EngineErrorCode: Rule] = [:]
    /// Whether the other pending commands of an end user are dead at once and not sent, when the engine says that it is gone. Not
    /// by default.
    public var buriesCommandsOfGoneClients = false

    /// What one error code means.
    public enum Rule: Sendable, Equatable {
        /// Dead at the first answer.
        case dead
        /// Tried again with growing pauses, dead after so many answers.
        case retry(maxAttempts: Int, base: Duration = .milliseconds(100), cap: Duration = .seconds(30))
    }

    /// The defaults: ten answers with an unknown code, three answers 401, no rules of its own.
    public init() {}

    enum Verdict: Equatable {
        case retry(after: Duration)
        case dead(reason: String)
        /// Another node may hold the client.
        case askNextNode
    }

    /// - Parameters:
    ///   - attempts: answers so far, this one included.
    ///   - isOwner: whether the node that answered is known to hold the client.
    ///   - isKnownGone: whether another command has found out that the client is gone.
    func verdict(
        _ code: EngineErrorCode, message: String, kind: Command.Kind, attempts: Int, isOwner: Bool, isKnownGone: Bool = false,
        using generator: inout some RandomNumberGenerator
    ) -> Verdict {
        let said = message.isEmpty ? "error \(code)" : "error \(code): \(message.bounded(toBytes: 500))"
        switch rules[code] {
        case .dead?:
            return .dead(reason: said)
        case .retry(let maxAttempts, let base, let cap)?:
            guard attempts < maxAttempts else { return .dead(reason: "refused \(attempts) times (\(said))") }
            return .retry(after: Backoff.pause(after: attempts - 1, base: base, cap: cap, using: &generator))
        case nil: break
        }
        switch code {
        case .invalidParameters:
            return .dead(reason: "the engine refused the parameters (\(said))")
        case .callFailed where kind.isCall:
            return isOwner ? .dead(reason: GoneRecipient.client.error("\(said)")) : .askNextNode
        case .sendFailed:
            guard isKnownGone || attempts >= maxUnreachableAnswers else { return .retry(after: unreachablePause) }
            return .dead(reason: GoneRecipient.client.error("\(said)"))
        default:
            guard attempts < maxAttempts else { return .dead(reason: "refused \(attempts) times (\(said))") }
            return .retry(after: Backoff.pause(after: attempts - 1, base: base, cap: cap, using: &generator))
        }
    }
}
