/// What a handler does with a message at an attempt: decided by the seed, the message and the attempt, not by when it runs.
struct Behaviour {
    enum End {
        case returns
        case fails
        case isPermanent
        case asksForRetry
        /// The process dies in it.
        case kills
    }

    struct Planned {
        enum Kind { case send, publish, call }
        var kind: Kind
        var target: String
    }

    var end: End
    var duration: World.Time
    var commands: [Planned]
    /// It writes a row of its own in the transaction that marks its message done.
    var writes: Bool

    /// - Parameter friend: another end user, whom it may tell of it.
    init(seed: UInt64, serial: Int, entry: Int64, attempt: Int, client: String, friend: String, poison: Bool) {
        var digest = Digest()
        for word in [seed, UInt64(serial), UInt64(attempt), UInt64(entry)] { digest.add(word) }
        var dice = Dice(seed: digest.value)
        switch dice.below(40) {
        case 0, 1, 2: end = .fails
        case 3: end = .isPermanent
        case 4: end = .asksForRetry
        default: end = .returns
        }
        if poison { end = .kills }
        duration = dice.happens(oneIn: 12) ? dice.time(1_000...3_000_000) : dice.time(10...4_000)
        commands = (0..<[0, 1, 1, 2, 3].randomElement(using: &dice)!).map { _ in
            switch dice.below(6) {
            case 0: Planned(kind: .publish, target: "room\(dice.below(3))")
            case 1: Planned(kind: .call, target: client)
            case 2: Planned(kind: .send, target: friend)
            default: Planned(kind: .send, target: client)
            }
        }
        writes = dice.happens(oneIn: 6)
    }
}

/// What handlers did, as they themselves saw it: the checker compares it with the file.
final class HandlerRecord: @unchecked Sendable {
    struct Call {
        let entry: Int64
        let process: Int
        let client: String
        var tags: [String] = []
        var hasReturned = false
        var writes = false
        /// It threw.
        var hasFailed = false
        /// It threw what may not be tried again.
        var isPermanent = false
        /// Its process died in it, or before what it returned was in the file for certain.
        var isCut = false

        /// An attempt that may count against its entry.
        var mayCount: Bool { hasFailed || isCut }
    }

    private(set) var calls: [Call] = []
    /// By entry: the calls of it.
    private(set) var byEntry: [Int64: [Int]] = [:]
    /// By lane: the call that is under way.
    var running: [String: Int] = [:]
    /// Entries of the living process whose handler has returned.
    var returned: Set<Int64> = []
    /// How often a handler of the entry killed the process.
    var deaths: [Int64: Int] = [:]

    func begin(entry: Int64, process: Int, client: String) -> Int {
        calls.append(Call(entry: entry, process: process, client: client))
        byEntry[entry, default: []].append(calls.count - 1)
        return calls.count - 1
    }

    func change(_ call: Int, _ body: (inout Call) -> Void) { body(&calls[call]) }

    /// - Parameter process: the one that ended otherwise than in order, where it did.
    func processDied(_ process: Int?) {
        if let process {
            for index in calls.indices.reversed() {
                guard calls[index].process == process else { break }
                if !calls[index].hasFailed { calls[index].isCut = true }
            }
        }
        running = [:]
        returned = []
    }
}
