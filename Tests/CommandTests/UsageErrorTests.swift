import Testing

@testable import connmix_durable

@Suite("usage errors", .timeLimit(.minutes(1)))
struct UsageErrorTests {
    @Test(
        "they name what may stand there, what may have been meant, and whose help to read, in one line",
        arguments: [
            ("jurnal list", "there is no command jurnal; did you mean journal?; see connmix-durable --help"),
            ("journal lst", "there is no command journal lst; did you mean list?; see connmix-durable journal --help"),
            ("journal xyzzy", "there is no command journal xyzzy; see connmix-durable journal --help"),
            (
                "journal retry --stat dead",
                "there is no option --stat; did you mean --state?; see connmix-durable journal retry --help"
            ),
            ("status --databse x", "there is no option --databse; did you mean --database?; see connmix-durable status --help"),
            (
                "journal retry --state done,ded",
                "The value 'done,ded' is invalid for '--state <state>': pending, running, done, dead, discarded, replayed; several with commas. May be repeated; did you mean dead?; see connmix-durable journal retry --help"
            ),
            (
                "journal list --id x",
                "The value 'x' is invalid for '--id <ids>': Ids: N, N,N or N-M. May be repeated; see connmix-durable journal list --help"
            ),
            (
                "outbox list --since yesterday",
                "The value 'yesterday' is invalid for '--since <since>': Not before: RFC 3339, or an age such as 2h; see connmix-durable outbox list --help"
            ),
            (
                "journal list --limit -1",
                "--limit is -1, and it must not be negative; what has to begin with - is given as --limit=-…; see connmix-durable journal list --help"
            ),
            (
                "outbox list --since -5m",
                "--since is -5m, and it must not be negative; what has to begin with - is given as --since=-…; see connmix-durable outbox list --help"
            ),
            (
                "journal retry",
                "no filter says which ones; name ids or a filter, or say --all; see connmix-durable journal retry --help"
            ),
        ])
    func says(line: String, error: String) async throws {
        let outcome = try await Program.run(all: line.split(separator: " ").map(String.init))
        #expect(outcome.code == 64)
        #expect(outcome.errorLines == ["connmix-durable: \(error)"])
    }

    @Test("the nearest word: letters that are missing, wrong, too many or swapped; nothing far")
    func nearest() {
        #expect(NearestWord.distance("dead", "dead") == 0)
        #expect(NearestWord.distance("ded", "dead") == 1)
        #expect(NearestWord.distance("daed", "dead") == 1)
        #expect(NearestWord.distance("", "abc") == 3)
        #expect(NearestWord.of("Pendnig", among: ["running", "pending"]) == "pending")
        #expect(NearestWord.of("x", among: ["pending"]) == nil)
        #expect(NearestWord.of("lost", among: []) == nil)
    }

    @Test("bare ids are ids, for lists and verbs; a shell is offered states, and topics and ids of the file")
    func idsAndCompletions() async throws {
        try await withDatabase(texts: ["a", "b", "c"], handler: failForThreeCauses) { path in
            func run(_ arguments: String...) async throws -> Program.Outcome {
                try await Program.run(all: arguments + ["--database", path])
            }
            #expect(try await run("journal", "list", "1-2", "--json").objects().count == 2)
            #expect(try await run("journal", "discard", "1,3", "--yes").lines == ["action 1: 2 of 2 entries discarded"])
            #expect(try await run("journal", "restore", "1", "--id", "3", "--yes").lines == ["action 2: 2 of 2 entries restored"])
            #expect(try await run("journal", "retry", "2", "--dry-run").lines == ["2"])
            #expect(try await run("journal", "retry", "--all", "2", "--yes").code == 64)
            func offers(_ kind: String, _ line: String...) async throws -> [String] {
                let words = ["connmix-durable"] + line + ["--database", path]
                let completion = ["---completion"] + line.prefix(2) + ["--", kind, "\(words.count)", "0"] + words + [""]
                return try await Program.run(all: completion).lines
            }
            #expect(try await offers("--topic", "journal", "list") == ["chat"])
            #expect(try await offers("--id", "journal", "retry") == ["2"])
            #expect(try await offers("--id", "journal", "list").count == 4)
            let bash = try await Program.run(all: ["--generate-completion-script", "bash"])
            #expect(bash.output.contains("discarded") && bash.output.contains("replayed"))
        }
    }
}
