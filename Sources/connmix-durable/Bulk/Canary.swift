import ArgumentParser

/// Few first, then more.
struct CanaryOptions: ParsableArguments {
    @Flag(help: "In steps of 1, 2, 5, 10, ...: each must have ended before the next begins. Needs a running consumer.")
    var canary = false
    @Option(help: ArgumentHelp("Stop when more than so many percent of a step fail. Default: 10.", valueName: "percent"))
    var canaryThreshold: Double?

    static let defaultThreshold = 10.0

    func validate() throws {
        guard let threshold = canaryThreshold else { return }
        guard canary else { throw ValidationError("--canary-threshold is for --canary; say that too, or leave it out") }
        guard (0...100).contains(threshold) else {
            throw ValidationError("--canary-threshold is \(threshold); it may be 0 to 100 percent")
        }
    }

    var steps: CanarySteps? {
        canary ? CanarySteps(threshold: canaryThreshold ?? Self.defaultThreshold) : nil
    }
}

/// The steps of a canary: 1, 2, 5, 10, 20, 50, ... Pure.
struct CanarySteps {
    let threshold: Double
    /// How many rows this step has.
    private(set) var size = 1
    /// The rows of this step that were changed, and are waited for.
    private(set) var rows: [Int64] = []
    private var taken = 0

    init(threshold: Double) {
        self.threshold = threshold
    }

    /// How many rows this step still takes.
    var room: Int { size - taken }

    var isFull: Bool { room <= 0 }

    /// - Parameters:
    ///   - count: rows that were looked at.
    ///   - rows: those to wait for.
    mutating func add(_ count: Int, rows: [Int64]) {
        taken += count
        self.rows += rows
    }

    /// All of the step have ended.
    ///
    /// - Returns: the percentage that failed, where it is too high; the next step has begun otherwise.
    mutating func end(failed: Int) -> Double? {
        let percent = rows.isEmpty ? 0 : Double(failed) * 100 / Double(rows.count)
        guard percent <= threshold else { return percent }
        let leading = String(size).first
        size = leading == "2" ? size / 2 * 5 : size * 2
        rows = []
        taken = 0
        return nil
    }
}
