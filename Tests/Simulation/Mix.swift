/// How much happens in a run. What a night is like is drawn by octaves, so that some are as rough as can be, and many nearly calm, as most are:
/// what costs time is what happens, and what happens seldom is found among much that goes well, too.
struct Mix {
    /// Between two faults, on average, in microseconds: four seconds to an hour.
    let faultPause: Int64
    /// Between two times that an end user speaks, on average: half a second to eight minutes.
    let silence: Int64

    init(seed: UInt64, isRough: Bool) {
        var dice = Dice(seed: seed, for: "mix")
        faultPause = dice.octave(from: 4_000_000, of: isRough ? 4 : 10)
        silence = dice.octave(from: 500_000, of: isRough ? 5 : 10)
    }
}

extension Dice {
    /// An octave above `least`, and a place in it: the higher of two draws, so that there are more of the high ones.
    fileprivate mutating func octave(from least: Int64, of count: Int) -> Int64 {
        let bottom = least << Int64(max(below(count), below(count)))
        return bottom + time(0...bottom)
    }
}
