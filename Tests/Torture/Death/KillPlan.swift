/// When a process is killed: all of it comes from a seed.
public struct KillPlan: Sendable, CustomStringConvertible {
    /// At the call of that number of those that change a file or sync it, before it is made or after.
    public var call: (number: Int, afterwards: Bool)?
    /// After that time in any case, in milliseconds.
    public var milliseconds: Int

    /// - Parameters:
    ///   - calls: how many calls the work makes, about.
    ///   - milliseconds: from the shortest to the longest life.
    public init(calls: Int, milliseconds: ClosedRange<Int>, using random: inout some RandomNumberGenerator) {
        if Int.random(in: 0..<3, using: &random) > 0 {
            call = (Int.random(in: 1...calls, using: &random), Bool.random(using: &random))
            self.milliseconds = milliseconds.upperBound
        } else {
            self.milliseconds = Int.random(in: milliseconds, using: &random)
        }
    }

    public var description: String {
        guard let call else { return "killed after \(milliseconds) ms" }
        return "killed \(call.afterwards ? "after" : "before") call \(call.number)"
    }

    func environment(_ tap: DiskTap) -> [String: String] {
        guard let call else { return [:] }
        return tap.killing(at: call.number, afterwards: call.afterwards)
    }
}
