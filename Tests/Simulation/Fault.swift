/// Something that goes wrong at a time. The list of a run is drawn from its seed beforehand, so that a shorter list of the same faults is a
/// run of its own: that is how a failing one is shrunk.
public struct Fault: Sendable, CustomStringConvertible {
    public enum Kind: String, Sendable, CaseIterable {
        case kill, killInCommit, powerLoss, stop, disk, slowDisk, clock, restartNode, cut, cutBefore, cutAfter, hang, stall, mute,
            close,
            unlist, center, slowNetwork, nonsense, commands, verb, burst
    }

    public let number: Int
    public let kind: Kind
    /// Microseconds after the start.
    let time: Int64
    /// Whatever it has to choose.
    let seed: UInt64

    public var description: String { "\(kind.rawValue) at \(Double(time / 1_000) / 1_000) s (\(number))" }

    /// More of some than of others.
    private static let deck: [Kind] = [
        .kill, .kill, .killInCommit, .killInCommit, .killInCommit, .powerLoss, .powerLoss, .powerLoss, .stop, .disk, .disk,
        .slowDisk,
        .clock, .restartNode, .restartNode, .cut, .cut, .cutBefore, .cutBefore, .cutAfter, .cutAfter, .hang, .stall, .mute,
        .close, .close,
        .unlist, .center, .center, .slowNetwork, .nonsense, .commands, .commands, .verb, .verb, .verb, .verb, .burst, .burst,
    ]

    /// - Parameter pause: between two, on average.
    static func list(seed: UInt64, pause: Int64, length: Int64) -> [Fault] {
        var dice = Dice(seed: seed, for: "faults")
        var faults: [Fault] = []
        var time: Int64 = 0
        func add(at time: Int64) {
            let kind = deck[dice.below(deck.count)]
            faults.append(Fault(number: faults.count + 1, kind: kind, time: time, seed: dice.next()))
        }
        while true {
            time += dice.time(200_000...2 * pause)
            guard time < length else { break }
            add(at: time)
        }
        // No run is without one.
        if faults.isEmpty { add(at: length / 2) }
        return faults
    }
}
