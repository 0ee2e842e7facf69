import Foundation
import Testing
import TestSupport

/// The examples in Swift print what their page says.
@Suite("examples in Swift", .timeLimit(.minutes(2)))
struct ExamplesTests {
    private static let page = "Examples/Swift/README.md"
    private static let names = ["acknowledgement", "chat", "message-center", "orders", "web-server"]

    /// What the page shows behind the command that runs an example.
    private func shown(_ name: String) throws -> String? {
        let blocks = try MarkdownPage(Self.page).blocks
        guard let command = blocks.firstIndex(where: { $0.language == "sh" && $0.text == "swift run examples \(name)" }),
            blocks.indices.contains(command + 1)
        else { return nil }
        return blocks[command + 1].language == "text" ? blocks[command + 1].text : nil
    }

    @Test("each one runs, and what it prints is what its page shows", arguments: names)
    func runs(name: String) async throws {
        let (code, output) = try await run([name])
        #expect(code == 0)
        #expect(output == (try shown(name)).map { $0 + "\n" })
    }

    @Test("an unknown name is told which there are, and the page has them all")
    func usage() async throws {
        let (code, output) = try await run(["nothing"])
        #expect(code == 64)
        #expect(output == "usage: swift run examples \(Self.names.joined(separator: "|"))\n")
    }

    private func run(_ arguments: [String]) async throws -> (code: Int32, output: String) {
        let program = Process()
        program.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("examples")
        program.arguments = arguments
        let output = Pipe()
        program.standardOutput = output
        let (ended, end) = AsyncStream<Int32>.makeStream()
        program.terminationHandler = { end.yield($0.terminationStatus) }
        try program.run()
        let words = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        return (await ended.first { _ in true } ?? -1, words)
    }
}
