import ConnmixDevEngine
import ConnmixDurable
import FoundationEssentials
import Subprocess
import SystemPackage
import Testing
import TestSupport

@testable import connmix_durable

/// What is shipped beside the program is held against the program: flags, paths, exit codes, metrics.
@Suite("what the packages ship", .timeLimit(.minutes(1)))
struct PackagingTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: Self.root.appendingPathComponent(path)), as: UTF8.self)
    }

    /// The values of a unit's setting, without comments.
    private func settings(_ unit: String, _ name: String) -> [String] {
        unit.split(separator: "\n").filter { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
    }

    // MARK: Units

    @Test("the unit's program, notice, watchdog, file and exit codes are the program's")
    func unit() async throws {
        let unit = try text("Packaging/systemd/connmix-durable@.service")
        #expect(settings(unit, "Type") == ["notify"] && settings(unit, "NotifyAccess") == ["main"])
        #expect(settings(unit, "WatchdogSec") == ["60"] && settings(unit, "DynamicUser") == ["yes"])
        #expect(settings(unit, "ExecStart") == ["/usr/bin/connmix-durable consume --log-format journal $CONNMIX_CONSUME"])
        // The file lies in the folder that the unit may write.
        #expect(settings(unit, "StateDirectory") == ["connmix-durable/%i"])
        #expect(settings(unit, "Environment") == ["CONNMIX_DURABLE_DATABASE=%S/connmix-durable/%i/messages.sqlite3"])
        let hopeless: [Exit] = [.usage, .badData, .cannotCreate, .noPermission]
        #expect(
            settings(unit, "RestartPreventExitStatus") == [hopeless.map { "\($0.rawValue)" }.joined(separator: " ")])
        // What a configuration that makes no sense ends with.
        #expect(try await Program.run("consume", "--topic", "chat").code == Exit.usage.rawValue)

        let backup = try text("Packaging/systemd/connmix-durable-backup@.service")
        let words = try #require(settings(backup, "ExecStart").first).split(separator: " ").map(String.init)
        #expect(words[0] == "/usr/bin/connmix-durable")
        let database = "CONNMIX_DURABLE_DATABASE=\(try #require(words.first { $0.hasPrefix("%S/") }))"
        #expect(settings(unit, "Environment") == [database])
    }

    @Test("the backup's command makes a copy, and replaces the last one")
    func backup() async throws {
        let unit = try text("Packaging/systemd/connmix-durable-backup@.service")
        let words = try #require(settings(unit, "ExecStart").first).split(separator: " ").map(String.init)
        try await withDatabase(texts: ["bad"], handler: answerEnd) { path in
            for _ in 0..<2 {
                let arguments = words.dropFirst().map {
                    $0.hasPrefix("%S/") ? path : $0.hasPrefix("/var/backups/") ? path + ".copy" : $0
                }
                let outcome = try await Program.run(all: arguments)
                #expect(outcome.code == 0, "\(outcome.errors)")
            }
            #expect(try Inspector(database: path + ".copy").status().journal[.dead] == 1)
        }
    }

    @Test("the shipped configuration consumes as it is; and the one with a handler has flags that there are")
    func configuration() async throws {
        let file = Self.root.appendingPathComponent("Packaging/systemd/example.conf")
        let other = try #require(try text("Packaging/systemd/example.conf").firstMatch(of: /\n#CONNMIX_CONSUME="(.*)"/)).1
        let help = try await Program.run("consume", "--help").output
        for flag in other.split(separator: " ") where flag.hasPrefix("--") { #expect(help.contains("  \(flag)"), "\(flag)") }
        try await withFolder { folder in
            try await withDevEngine(.init(nodes: 1, topics: ["chat"])) { engine in
                // As systemd reads it: words split, no other expansion. The center and the port are this test's own.
                let shell =
                    "set -f; . \(file.path); program=$0; CONNMIX_CENTER=\(engine.center); export CONNMIX_CENTER; "
                    + "exec \"$program\" consume ${CONNMIX_CONSUME/127.0.0.1:9464/127.0.0.1:0} --database \(folder)/db"
                let result = try await Subprocess.run(
                    .name("bash"), arguments: ["-c", shell, Program.path.string], input: .none, output: .discarded,
                    error: .string(limit: 1 << 20)
                ) { execution in
                    defer { try? execution.send(signal: .terminate) }
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                }
                #expect(result.terminationStatus == .exited(0), "\(result.standardError)")
            }
        }
    }

    // MARK: Docker

    @Test("the image's entry, health check and file are the program's, without a shell and without root")
    func docker() async throws {
        let file = try text("Packaging/docker/Dockerfile")
        let check = try #require(file.firstMatch(of: /HEALTHCHECK .* CMD (\[.*\])/)).1
        let words = try JSONDecoder().decode([String].self, from: Data(check.utf8))
        let entry = try #require(file.firstMatch(of: /\nENTRYPOINT (\[.*\])/)).1
        #expect(try JSONDecoder().decode([String].self, from: Data(entry.utf8)) == [words[0]])
        #expect(file.contains("COPY --from=build /connmix-durable \(words[0])\n"))
        #expect(file.contains("\nENV CONNMIX_DURABLE_DATABASE=/data/messages.sqlite3\n") && file.contains("\nVOLUME /data\n"))
        #expect(file.contains("\nUSER 65532:65532\n"))
        try await withFolder { folder in
            let outcome = try await Program.run(all: words.dropFirst() + ["--database", folder + "/none"])
            #expect(outcome.code == Exit.noDatabase.rawValue)
        }
    }

    /// The files and folders at the root that SwiftPM wants before it builds anything.
    private func needed() throws -> Set<String> {
        let paths = try text("Package.swift").matches(of: /path: "([^"]+)"/).map { String($0.1) }
        #expect(paths.contains("Examples/Swift") && paths.contains("Tests/Support"))
        return Set(paths.map { String($0.prefix { $0 != "/" }) } + ["Package.swift", "Sources", "Tests", "migrations"])
    }

    @Test("the image is built from all that Package.swift names, and so is the simulation with faults")
    func copies() throws {
        let needed = try needed()
        let file = try text("Packaging/docker/Dockerfile")
        // All but the last word, which is where to.
        let copied = file.matches(of: /\nCOPY ([^-\n].*)/).flatMap { $0.1.split(separator: " ").dropLast().map(String.init) }
        #expect(needed.subtracting(copied).sorted() == [], "the image lacks these")
        let ignored = Set(try text(".dockerignore").split(separator: "\n").map(String.init))
        #expect(needed.intersection(ignored).sorted() == [])

        let breakages = try text("Tests/Breakages/run")
        let taken = breakages.matches(of: /\n *cp -r (.*) "\$copy\/"/).flatMap { $0.1.split(separator: " ").map(String.init) }
        #expect(needed.subtracting(taken).sorted() == [], "the copy lacks these")
        let removed = breakages.matches(of: /"\$copy\/([A-Za-z]+)"/).map { String($0.1) }
        #expect(needed.subtracting(removed) == ["Package.swift"], "what is copied anew is removed before")
    }

    @Test("the version stands where the packages look for it")
    func version() async throws {
        let source = try text("Sources/ConnmixDurable/Ground/LibraryVersion.swift")
        let found = source.matches(of: /static let text = "(.*)"/).map { String($0.1) }
        #expect(found == [ConnmixConsumer.version])
        #expect(try await Program.run("--version").output == ConnmixConsumer.version + "\n")
    }

    // MARK: Monitoring

    /// A metric in an expression, with the labels that it is asked for.
    private func used(_ expressions: [String]) -> [(metric: String, labels: [String])] {
        expressions.flatMap { expression in
            expression.matches(of: /(connmix_\w+)(?:\{([^}]*)\})?/).map { match in
                let labels = (match.2 ?? "").split(separator: ",").map { $0.prefix { $0.isLetter || $0 == "_" } }
                return (String(match.1), labels.map(String.init))
            }
        }
    }

    private func rules() throws -> [String] {
        try text("Packaging/monitoring/connmix-durable.rules.yml").matches(of: /\n        expr: (.*)/).map { String($0.1) }
    }

    private func dashboard() throws -> [String] {
        let data = Data(try text("Packaging/monitoring/grafana-dashboard.json").utf8)
        let root = try JSONDecoder().decode([String: JSON].self, from: data)
        let queries = (root["panels"]?.array ?? []).flatMap { $0.object?["targets"]?.array ?? [] }
            .compactMap { $0.object?["expr"]?.text }
        let variables = (root["templating"]?.object?["list"]?.array ?? []).compactMap { $0.object?["definition"]?.text }
        return queries + variables
    }

    @Test("every metric and label of the alerts and of the dashboard is served")
    func monitoring() async throws {
        let (rules, dashboard) = (try rules(), try dashboard())
        #expect(rules.count == 18 && dashboard.count > 25)
        try await withFolder { folder in
            let log = folder + "/log"
            try await withDevEngine { engine in
                let arguments = [
                    "consume", "--database", folder + "/db", "--center", engine.center, "--topic", "chat", "--metrics", "0",
                    "--log-format", "json", "--echo",
                ]
                _ = try await Program.run(arguments, errors: log) {
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
                    let objects = lines.compactMap { try? JSONDecoder().decode([String: JSON].self, from: Data($0.utf8)) }
                    let address = try #require(
                        objects.first { $0["message"] == .text("metrics are served") }?["address"]?.text)
                    let served = try await Subprocess.run(
                        .name("python3"),
                        arguments: [
                            "-c", "import urllib.request as u; print(u.urlopen('http://\(address)/metrics').read().decode())",
                        ],
                        output: .string(limit: 1 << 20), error: .discarded
                    ).standardOutput
                    var labels: [String: Set<String>] = [:]
                    for line in served.split(separator: "\n") where !line.hasPrefix("#") {
                        guard let match = line.firstMatch(of: #/^(connmix_\w+)(?:\{(.*)\})? /#) else { continue }
                        // What Prometheus adds itself.
                        labels[String(match.1), default: ["job", "instance"]].formUnion(
                            (match.2 ?? "").split(separator: ",").map { String($0.prefix { $0 != "=" }) })
                    }
                    #expect(labels.count > 20)
                    for (metric, asked) in used(rules + dashboard) {
                        let known = labels[metric]
                        #expect(known != nil, "\(metric) is not served")
                        #expect(Set(asked).isSubset(of: known ?? []), "\(metric) has no \(asked)")
                    }
                    // And what is served is shown, all of it.
                    let shown = Set(used(dashboard).map(\.metric))
                    for metric in MetricHelp.texts.keys {
                        #expect(shown.contains { $0 == metric || $0.hasPrefix(metric + "_") }, "\(metric) is on no panel")
                    }
                    // Labels have the values that the rules ask for.
                    for state in ["dead", "expired", "unknown"] { #expect(served.contains("state=\"\(state)\"")) }
                    #expect(served.contains("clean=\"false\""))
                }
            }
        }
    }

    /// As the handbook lists them: a rule's name, severity, and for how long it must hold.
    private struct Alarm: Hashable {
        let name, severity, hold: String
    }

    @Test("the handbook's alarms are the rules, each with its severity and how long it must hold")
    func alarms() throws {
        let rules = try text("Packaging/monitoring/connmix-durable.rules.yml").split(separator: "      - alert: ").dropFirst().map
        { rule in
            Alarm(
                name: String(rule.prefix { $0 != "\n" }),
                severity: String(try #require(rule.firstMatch(of: /\n +severity: (.*)/)).1),
                hold: rule.firstMatch(of: /\n +for: (.*)/).map { String($0.1) } ?? "")
        }
        #expect(rules.count == 18)
        let page = try text("docs/operations.md")
        let listed = page.matches(of: /\n\| `(Connmix\w+)` \| (\w+) \| (\w*) ?\|/).map {
            Alarm(name: String($0.1), severity: String($0.2), hold: String($0.3))
        }
        #expect(Set(listed) == Set(rules) && listed.count == rules.count)
        // What the handbook says of a rule names what the rule asks.
        for row in page.split(separator: "\n") {
            guard let name = row.firstMatch(of: /^\| `(Connmix\w+)` \|/)?.1 else { continue }
            let rule = try #require(
                try text("Packaging/monitoring/connmix-durable.rules.yml").firstMatch(of: Regex("alert: \(name)\n +expr: (.*)")))
            let expression = String(try #require(rule.output[1].substring))
            for (metric, _) in used([expression]) {
                let base = metric.replacing(/(_total|_seconds_bucket)$/, with: "")
                #expect(row.contains("`\(base)`"), "\(name): \(base)")
            }
        }
    }

    @Test("the check of monitoring finds what is not there")
    func finds() {
        let found = used(["rate(connmix_gone_total{stat=\"dead\",instance=~\"$instance\"}[5m]) / connmix_nodes"])
        #expect(found.map(\.metric) == ["connmix_gone_total", "connmix_nodes"])
        #expect(found[0].labels == ["stat", "instance"] && found[1].labels == [])
    }
}
