internal import Glibc

/// The command line of the simulation.
public struct SimulateProgram {
    private let arguments: [String]

    public init(_ arguments: [String]) {
        self.arguments = Array(arguments.dropFirst())
    }

    private func value(_ name: String) -> String? {
        guard let index = arguments.firstIndex(of: name), index + 1 < arguments.count else { return nil }
        return arguments[index + 1]
    }

    private func number(_ name: String) -> UInt64? {
        value(name).flatMap { UInt64($0) }
    }

    /// - Returns: the exit code: 0 where everything held, 1 where something did not, 64 where it was called wrongly.
    public func run() -> Int32 {
        if arguments.contains("--help") {
            print(Self.help)
            return 0
        }
        var options = Simulation.Options(seed: number("--seed") ?? 1)
        if let seconds = number("--seconds") { options.seconds = Int(seconds) }
        if let without = value("--without") { options.without = Set(without.split(separator: ",").compactMap { Int($0) }) }
        options.isRough = arguments.contains("--rough")
        options.diskLies = arguments.contains("--disk-lies")
        if arguments.contains("--trace") { options.trace = { print($0) } }
        let count = number("--seeds").map { Int($0) }
        let processor = number("--processor").map { Double($0) }
        let seconds =
            number("--for").map { Double($0) } ?? number("--minutes").map { Double($0) * 60 }
            ?? (count == nil && processor == nil && value("--seed") == nil ? 60 : nil)
        var total = Total()
        var seed = options.seed
        let began = time(nil)
        while true {
            options.seed = seed
            let report = Simulation.run(options)
            total.add(report)
            fflush(nil)
            if arguments.contains("--digest") {
                print("seed \(seed) digest \(String(report.digest, radix: 16)) events \(report.events)")
            }
            if !report.violations.isEmpty {
                print(
                    "seed \(seed) FAILED after \(total.processorTenths) s of the processor\n  \(report.violations.prefix(5).joined(separator: "\n  "))"
                )
                if !arguments.contains("--no-shrinking") { print(Shrinking(options, report).text) }
                if !arguments.contains("--go-on") { break }
            }
            seed += 1
            if let count, total.runs >= count { break }
            if let seconds, Double(time(nil) - began) >= seconds { break }
            if let processor, Double(total.processorNanoseconds) >= processor * 1_000_000_000 { break }
            if count == nil, seconds == nil, processor == nil { break }
        }
        print(total.text)
        return total.failed.isEmpty ? 0 : 1
    }

    private static let help = """
        simulate: the consumer in a world of its own, from a seed

          --seed N        the first seed (1)
          --seeds N       so many runs
          --minutes N     runs for so long (without any of the three: one minute)
          --for N         the same, in seconds
          --processor N   the same, in seconds of the processor
          --seconds N     how long faults happen in each run, in simulated seconds (3600)
          --rough         only runs in which much goes wrong
          --without A,B   leaves out faults by their numbers
          --trace         prints what happens
          --digest        prints the digest of each run
          --disk-lies     the disk does not sync and says that it did; must be found
          --no-shrinking  does not look for a smaller run that fails
          --go-on         goes on after a failure
        """
}
