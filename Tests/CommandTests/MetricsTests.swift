import ConnmixDevEngine
import ConnmixDurable
import CoreMetrics
import FoundationEssentials
import Subprocess
import Testing
import TestSupport

@testable import connmix_durable

@Suite("metrics and health", .timeLimit(.minutes(1)))
struct MetricsTests {
    @Test("Prometheus' text, to the letter; labels cannot break a line")
    func text() {
        let metrics = PrometheusMetrics()
        let commands = Counter(label: "connmix_commands_ended", dimensions: [("state", "dead\"\n\\")], factory: metrics)
        commands.increment(by: 3)
        Counter(label: "connmix_commands_ended", dimensions: [("state", "sent")], factory: metrics).increment()
        Counter(label: "connmix_commands_ended", dimensions: [("state", "sent")], factory: metrics).increment()
        Gauge(label: "connmix_at_risk", factory: metrics).record(7)
        Gauge(label: "1 odd-näme", factory: metrics).record(0.5)
        let timer = CoreMetrics.Timer(label: "connmix_commit_duration", factory: metrics)
        timer.recordNanoseconds(2_000_000)
        timer.recordNanoseconds(100_000_000_000)
        #expect(
            metrics.text == """
                # HELP _1_odd_n_me of connmix-durable
                # TYPE _1_odd_n_me gauge
                _1_odd_n_me 0.5
                # HELP connmix_at_risk messages that were read and are not committed
                # TYPE connmix_at_risk gauge
                connmix_at_risk 7
                # HELP connmix_commands_ended_total commands that ended, by state
                # TYPE connmix_commands_ended_total counter
                connmix_commands_ended_total{state="dead\\"\\n\\\\"} 3
                connmix_commands_ended_total{state="sent"} 2
                # HELP connmix_commit_duration_seconds one commit, from taking what waits to the disk's answer
                # TYPE connmix_commit_duration_seconds histogram
                connmix_commit_duration_seconds_bucket{le="0.0001"} 0
                connmix_commit_duration_seconds_bucket{le="0.0003"} 0
                connmix_commit_duration_seconds_bucket{le="0.001"} 0
                connmix_commit_duration_seconds_bucket{le="0.003"} 1
                connmix_commit_duration_seconds_bucket{le="0.01"} 1
                connmix_commit_duration_seconds_bucket{le="0.03"} 1
                connmix_commit_duration_seconds_bucket{le="0.1"} 1
                connmix_commit_duration_seconds_bucket{le="0.3"} 1
                connmix_commit_duration_seconds_bucket{le="1.0"} 1
                connmix_commit_duration_seconds_bucket{le="3.0"} 1
                connmix_commit_duration_seconds_bucket{le="10.0"} 1
                connmix_commit_duration_seconds_bucket{le="30.0"} 1
                connmix_commit_duration_seconds_bucket{le="+Inf"} 2
                connmix_commit_duration_seconds_sum 100.002
                connmix_commit_duration_seconds_count 2

                """)
    }

    @Test("ready: on at least one node, and not paused")
    func readiness() {
        #expect(ConsumerStanding().obstacle == "no node is being consumed")
        #expect(ConsumerStanding(consuming: 1).obstacle == nil)
        #expect(ConsumerStanding(paused: "disk full", consuming: 1).obstacle == "nothing is taken: disk full")
        #expect(ConsumerStanding(hasEnded: true).obstacle == "the consumer has ended")
    }

    @Test("only this machine unless a host is named")
    func addresses() {
        #expect(MetricsAddress(argument: "9464")?.host == "127.0.0.1")
        #expect(MetricsAddress(argument: ":9464")?.host == "127.0.0.1")
        #expect(MetricsAddress(argument: "0.0.0.0:9464")?.host == "0.0.0.0")
        #expect(MetricsAddress(argument: "[::1]:9464")?.host == "::1")
        for wrong in ["", "x", "::1:9464", "h:70000", "h:-1", "h o:1"] {
            #expect(MetricsAddress(argument: wrong) == nil, "\(wrong)")
        }
    }

    /// Status and body of a GET, by another program than ours.
    private func get(_ address: String, _ path: String, method: String = "GET") async throws -> (status: String, body: String) {
        let program = """
            import sys, urllib.request, urllib.error
            request = urllib.request.Request("http://\(address)\(path)", method="\(method)")
            try: answer = urllib.request.urlopen(request, timeout=10)
            except urllib.error.HTTPError as error: answer = error
            print(answer.status); print(answer.read().decode(), end="")
            """
        let result = try await Subprocess.run(
            .name("python3"), arguments: ["-c", program], output: .string(limit: 1 << 20), error: .string(limit: 1 << 16))
        let parts = result.standardOutput.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        return (parts[0], parts.count > 1 ? parts[1] : "")
    }

    @Test("consume serves its metrics, its health, and whether it is ready; no payloads")
    func served() async throws {
        try await withFolder { folder in
            let log = folder + "/log"
            try await withDevEngine { engine in
                let user = try await engine.connectEndUser()
                let arguments = [
                    "consume", "--database", folder + "/db", "--center", engine.center, "--topic", "chat", "--metrics",
                    "127.0.0.1:0", "--log-format", "json", "--echo",
                ]
                _ = try await Program.run(arguments, errors: log) {
                    var address: String?
                    while address == nil {
                        let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
                        let objects = lines.compactMap { try? JSONDecoder().decode([String: JSON].self, from: Data($0.utf8)) }
                        address = objects.first { $0["message"] == .text("metrics are served") }?["address"]?.text
                        await Task.yield()
                    }
                    let served = try #require(address)
                    try await user.send("secret-payload")
                    try await engine.waitUntil { $0.delivered >= 1 }
                    #expect(try await get(served, "/ready") == ("200", "ready\n"))
                    #expect(try await get(served, "/health") == ("200", "ok\n"))
                    let metrics = try await get(served, "/metrics")
                    #expect(metrics.status == "200")
                    #expect(metrics.body.contains("\nconnmix_messages_received_total 1\n"))
                    #expect(metrics.body.contains("\nconnmix_nodes_consuming 1\n"))
                    #expect(!metrics.body.contains("secret-payload"))
                    #expect(try await get(served, "/other").status == "404")
                    #expect(try await get(served, "/metrics", method: "POST").status == "405")
                    try await engine.stopNode(engine.nodes[0].id)
                    while try await get(served, "/ready").status != "503" { await Task.yield() }
                    #expect(try await get(served, "/health").status == "200")
                    // The address is taken: the second consumer says so, and nothing else has begun.
                    let second = try await Program.run(
                        "consume", "--database", folder + "/other", "--topic", "chat", "--echo", "--metrics", served)
                    #expect(second.code == 73)
                    #expect(second.errors.contains(served))
                    #expect(!FileManager.default.fileExists(atPath: folder + "/other"))
                }
            }
        }
    }

    @Test("every metric of docs/observing.md has its help")
    func documented() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/observing.md")
        let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        let kinds = ["counter": "_total", "gauge": "", "timer": "_seconds"]
        var names: Set<String> = []
        for row in text.matches(of: /\| `(connmix_\w+)` \| (\w+) \|/) { names.insert(row.1 + (kinds[String(row.2)] ?? "")) }
        #expect(names == Set(MetricHelp.texts.keys))
    }
}
