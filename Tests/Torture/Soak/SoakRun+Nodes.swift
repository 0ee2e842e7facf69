internal import ConnmixDevEngine
internal import TestSupport

extension SoakRun {
    private static let clients = 50

    private func feed(_ node: String, rate: Double, seconds: Double) async throws -> (feed: Feed, count: Int) {
        let count = max(1, Int(rate * seconds))
        return (try await engine.feed(node: node, count: count, clients: Self.clients, payloadBytes: 200, perSecond: rate), count)
    }

    private func left(until deadline: ContinuousClock.Instant) -> Double {
        (deadline - .now) / .seconds(1)
    }

    /// End users at one node, until each has its answers. Nothing may be lost.
    func live(_ node: String, _ name: String, rate: Double, until deadline: ContinuousClock.Instant) async throws {
        let (feed, count) = try await feed(node, rate: rate, seconds: left(until: deadline))
        await desk.begin(name, feed, isKilled: false)
        try await feed.allSent()
        try await feed.waitUntil(answered: count)
    }

    /// A node after the other that is added, used, and leaves in order when its end users have their answers.
    func comeAndGo(until deadline: ContinuousClock.Instant) async throws {
        var random = SeededGenerator(seed: seed &+ 1)
        for number in 1... {
            guard left(until: deadline) > plan.nodeLife.upperBound else { return }
            let node = try await engine.addNode()
            let end = ContinuousClock.now.advanced(by: .seconds(Double.random(in: plan.nodeLife, using: &random)))
            try await live(node.id, "passing node \(number)", rate: plan.passingRate, until: end)
            try await engine.removeNode(node.id)
            // The consumer leaves by itself what is not listed any more.
            try await engine.waitUntil(within: .seconds(120)) { $0.node(node.id)?.connections == 0 }
            try await engine.stopNode(node.id, listed: false)
        }
    }

    /// A node that is killed again and again with what it holds, and comes back with a new id; once in a while its network is silent
    /// for a moment before.
    func die(_ first: String, until deadline: ContinuousClock.Instant) async throws {
        var random = SeededGenerator(seed: seed &+ 2)
        var node = first
        for number in 1... {
            guard left(until: deadline) > plan.nodeLife.upperBound else { return }
            let seconds = Double.random(in: plan.nodeLife, using: &random)
            let (feed, _) = try await feed(node, rate: plan.passingRate, seconds: left(until: deadline) + 60)
            await desk.begin("dying node \(number)", feed, isKilled: true)
            try await Task.sleep(for: .seconds(seconds))
            if number % 3 == 0 {
                try await engine.cutNode(node)
                try await Task.sleep(for: .seconds(2))
                try await engine.healNode(node)
            }
            node = try await engine.restartNode(node, reset: true).id
        }
    }
}
