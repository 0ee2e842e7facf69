import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("numbers on the command line", .timeLimit(.minutes(3)))
struct NumericOptionTests {
    private static let numbers = ["-1", "9223372036854775807", "1e-320", "inf"]
    private static let ages = [
        "1e300d", "99999999999h", "2562047h", "nan", "0.0000000001s", "9999-12-31T23:59:59-99:99", "0000-01-01T00:00:00+99:99",
    ]
    private static let ids = [
        "0-9223372036854775807", "1-", "-1", "5-2", "9223372036854775807", "9223372036854775808", "0-9223372036854775808",
        "9223372036854775807-9223372036854775807", "1--2", "1-2-3", ",", "0-9223372036854775807,3", "１-２",
        (1..<20_000).map { "\($0)" }.joined(separator: ","),
    ]
    private static let rates = [
        "1e-320/s", "5e-324/h", "1e300/s", "nan", "inf", "-1", "0", "0x1p-1070", "0.00001/s", "1e", "/s", "1/d",
        "9223372036854775807/m",
    ]
    private static let bytes = [
        "1e30GB", "8388608T", "9223372036854775807", "9223372036854775807K", "-1", "0", "1P", "1.5G", "٣M",
    ]

    /// Commands whose last word is the value.
    private static var cases: [[String]] {
        var cases: [[String]] = []
        for ids in ids { cases.append(["journal", "retry", "--dry-run", "--id=\(ids)"]) }
        cases.append(["outbox", "list", "--id=0-9223372036854775807"])
        for age in ages {
            cases += [["journal", "prune", "--dry-run", "--older-than=\(age)"], ["send", "7", "x", "--expires-after=\(age)"]]
            cases.append(consume("--retention-age", age))
        }
        for rate in rates { cases.append(["journal", "discard", "--state", "pending", "--yes", "--rate=\(rate)"]) }
        for bytes in bytes { cases.append(consume("--retention-size", bytes)) }
        for number in numbers {
            cases += [
                ["journal", "list", "--limit=\(number)"], ["journal", "export", "--after=\(number)"],
                ["gaps", "--limit=\(number)"],
                ["actions", "list", "--limit=\(number)"], ["journal", "causes", "--limit=\(number)"],
                ["outbox", "list", "--limit=\(number)"], ["journal", "retry", "--yes", "--resume=\(number)"],
                ["journal", "show", "--", number], ["lanes", "show", "x", "--limit=\(number)"],
                ["journal", "replay", "--canary", "--yes", "--id=1", "--canary-threshold=\(number)"],
                ["engine", "--nodes=1001", "--topic-size=\(number)"], ["engine", "--nodes=1001", "--api-port=\(number)"],
            ]
            for option in [
                "--concurrency", "--max-attempts", "--timeout", "--ping-interval", "--backoff-cap", "--node-grace",
                "--lane-window", "--commit-delay",
                "--at-risk-limit", "--at-risk-bytes", "--backlog-limit", "--disk-headroom", "--metrics",
            ] {
                cases.append(consume(option, number))
            }
        }
        cases.append(["engine", "--nodes=1000", "--api-port=65000", "--center-port=0", "--chat-port=0"])
        return cases
    }

    /// A consumer whose settings are looked at, and that ends before it begins: there can be no file.
    private static func consume(_ option: String, _ value: String) -> [String] {
        ["consume", "--topic", "t", "--center", "127.0.0.1:1", "--database", "/dev/null/none", "\(option)=\(value)", "--echo"]
    }

    @Test("whatever number is given: it works or is refused in one line; nothing traps, nothing hangs")
    func all() async throws {
        try await withFolder { folder in
            let path = folder + "/db.sqlite3"
            try await EveryKind.write(path)
            let cases = Self.cases
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<4 {
                    group.addTask {
                        for arguments in stride(from: worker, to: cases.count, by: 4).map({ cases[$0] }) {
                            let isOwn = arguments[0] == "engine" || arguments[0] == "consume"
                            let place = arguments.firstIndex(of: "--") ?? arguments.endIndex
                            let file = isOwn ? [] : ["--database", path]
                            let outcome = try await Program.run(
                                all: Array(arguments[..<place]) + file + Array(arguments[place...]))
                            let words = arguments.map { $0.prefix(60) }.joined(separator: " ")
                            #expect(
                                [0, 1, 64, 65, 66, 73].contains(outcome.code ?? -1), "\(words): \(String(describing: outcome))")
                            // What a consumer logs stands there, too.
                            let lines = outcome.errorLines.count
                            #expect(outcome.code == 0 || lines == 1 || isOwn && lines > 1, "\(words): \(outcome.errors)")
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("an id range over all ids and a slow rate do what they say")
    func meant() async throws {
        try await withFolder { folder in
            let path = folder + "/db.sqlite3"
            try await EveryKind.write(path)
            let all = try await Program.run(
                "journal", "discard", "--id", "0-9223372036854775807", "--yes", "--json", "--rate", "1e300/s", "--database", path)
            #expect(all.code == 0, "\(all.errors)")
            #expect(try all.objects().first?["matched"] == .number(Double(EveryKind.count)))
            let slow = try await Program.run(
                "journal", "discard", "--id", "1", "--yes", "--rate", "1e-320/s", "--database", path)
            #expect(slow.code == 64)
            #expect(slow.errors.contains("1e-320/s"))
        }
    }
}
