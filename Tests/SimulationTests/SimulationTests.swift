import Simulation
import Testing

/// The short form of `make simulate`: see docs/simulation.md.
@Suite(.serialized)
struct SimulationTests {
    @Test
    func `One seed is one run, to the byte`() {
        var options = Simulation.Options(seed: 7)
        options.seconds = 300
        let first = Simulation.run(options)
        let second = Simulation.run(options)
        #expect(first.digest == second.digest)
        #expect(first.events == second.events)
        options.seed = 8
        #expect(Simulation.run(options).digest != first.digest)
    }

    @Test
    func `P1 to P8 and P11 hold in simulated worlds where everything goes wrong`() {
        var total = Total()
        for seed in Self.seeds {
            var options = Simulation.Options(seed: seed)
            options.seconds = 900
            let report = Simulation.run(options)
            total.add(report)
            #expect(report.violations.isEmpty, "simulate --seed \(seed) --seconds 900")
        }
        print(total.text)
        // A world in which nothing happened proves nothing.
        for sight in [
            "kills", "kills inside a commit", "power losses", "torn writes", "disk faults", "node restarts",
            "commands received more than once",
        ] {
            #expect(total.sights[sight, default: 0] > 0, "\(sight)")
        }
        for promise in ["P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P11"] {
            #expect(total.checks[promise, default: 0] > 0, "\(promise)")
        }
    }

    private static let seeds: ClosedRange<UInt64> = 1...10

    @Test
    func `A disk that lies is found`() {
        let isFound = (1...20 as ClosedRange<UInt64>).contains { seed in
            var options = Simulation.Options(seed: seed)
            options.seconds = 600
            options.diskLies = true
            return !Simulation.run(options).violations.isEmpty
        }
        #expect(isFound)
    }
}
