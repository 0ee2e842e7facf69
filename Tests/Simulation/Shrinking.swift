/// Looks for a smaller run that still fails: without faults that do not matter, and shorter.
struct Shrinking {
    private(set) var options: Simulation.Options
    private(set) var report: Report
    private(set) var tries = 0
    private static let limit = 120

    init(_ options: Simulation.Options, _ report: Report) {
        self.options = options
        self.options.trace = nil
        self.report = report
        shorten()
        leaveOut()
    }

    /// - Returns: whether it fails with these, too.
    private mutating func fails(_ changed: Simulation.Options) -> Bool {
        guard tries < Self.limit else { return false }
        tries += 1
        let report = Simulation.run(changed)
        guard !report.violations.isEmpty else { return false }
        options = changed
        self.report = report
        return true
    }

    private mutating func shorten() {
        var step = options.seconds / 2
        while step >= 5 {
            var shorter = options
            shorter.seconds -= step
            if shorter.seconds > 0, fails(shorter) { continue }
            step /= 2
        }
    }

    /// Halves, quarters, and so on to single ones.
    private mutating func leaveOut() {
        var size = max(1, report.faults.count / 2)
        while true {
            var start = 0
            while start < report.faults.count {
                let part = report.faults[start..<min(start + size, report.faults.count)].map(\.number)
                var fewer = options
                fewer.without.formUnion(part)
                if !fails(fewer) { start += size }
            }
            if size == 1 { return }
            size /= 2
        }
    }

    var text: String {
        let without = options.without.sorted().map(String.init).joined(separator: ",")
        var words = [CommandLine.arguments[0], "--seed \(options.seed)", "--seconds \(options.seconds)"]
        if options.isRough { words.append("--rough") }
        if options.diskLies { words.append("--disk-lies") }
        if !without.isEmpty { words.append("--without \(without)") }
        let command = (words + ["--no-shrinking", "--trace"]).joined(separator: " ")
        return """
            the smallest that fails (\(tries) tries): \(report.faults.count) faults in \(options.seconds) s
              \(report.violations.prefix(3).joined(separator: "\n  "))
              \(report.faults.map(\.description).joined(separator: ", "))
            repeat it with: \(command)
            """
    }
}
