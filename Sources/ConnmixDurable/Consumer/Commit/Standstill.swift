/// Notices a commit that does not come back: the disk does not answer, which is no error that anybody would be told of. Pure.
///
/// It is shown now and then how many steps commits have made. As long as one is awaited and none is made, it stands still.
struct Standstill: Sendable {
    /// How long a commit may take until it is said that it does not come back.
    let patience: Duration
    private var steps = 0
    private var since: Int64 = 0

    init(patience: Duration) {
        self.patience = patience
    }

    /// - Parameters:
    ///   - steps: how often a commit has begun or ended so far.
    ///   - isAwaited: whether one is asked for, or under way.
    ///   - now: by the steady clock, in microseconds.
    /// - Returns: whether a commit has been awaited for longer than it may take.
    mutating func look(steps: Int, isAwaited: Bool, now: Int64) -> Bool {
        guard isAwaited, steps == self.steps else {
            self.steps = steps
            since = now
            return false
        }
        return now - since >= patience.microseconds
    }

    /// What is said of it.
    ///
    /// - Parameter closure: the user's, if one runs where it should be written: then it is not the disk.
    func error(_ database: String, awaiting closure: UsersCode.Closure? = nil) -> ConnmixError {
        let name: String? =
            switch closure {
            case nil: nil
            case .lanes: "the closure that names lanes (Lanes)"
            case .dedupe: "the closure that names keys (Dedupe)"
            case .writes(let entry): "a closure of entry \(entry) (HandlerContext.write, or Acknowledgement)"
            }
        if let name {
            // As of a disk: it passes, and what is refused for it was not taken.
            return ConnmixError(
                .inputOutput,
                "a commit to \(database) has been under way for more than \(patience.text): \(name) does not return; nothing is taken until it does; it must not wait for anything"
            )
        }
        return ConnmixError(
            .inputOutput,
            "a commit to \(database) has been under way for more than \(patience.text): the disk does not answer; nothing is taken until it does; check the disk"
        )
    }
}
