/// What a soak does, and for how long; all times in seconds.
public struct SoakPlan: Sendable {
    /// How long end users send.
    public var seconds: Double
    /// Messages a second, over all nodes.
    public var rate: Double
    /// What is done and sent is deleted when it is so old: a sixth of the time, or less where that were more than 300,000 entries. An
    /// operator makes a backup of them again and again.
    public var retention: Int
    /// From then on everything has to be flat: the file has its size only when the first entries are deleted.
    public var warmUp: Double
    /// An operator replays entries so often, and makes a backup every third time.
    public var operatorPause: Double
    /// A node that comes and goes lives so long.
    public var nodeLife: ClosedRange<Double>

    public init(seconds: Double, rate: Double) {
        self.seconds = seconds
        self.rate = rate
        retention = max(5, Int(min(seconds / 6, 300_000 / rate)))
        warmUp = seconds / 3
        operatorPause = max(3, seconds / 60)
        nodeLife = max(3, seconds / 60)...max(6, seconds / 30)
    }

    /// The node that stays has half of the messages; the one that comes and goes in order, and the one that dies, a quarter each.
    var steadyRate: Double { rate / 2 }
    var passingRate: Double { rate / 4 }
}
