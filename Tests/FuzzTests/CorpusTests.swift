import FoundationEssentials
import TestSupport
import Testing

/// The short form of `make fuzz`: the corpus, and what becomes of it when bytes are lost, doubled, changed or moved.
@Suite("P12: whatever bytes come in", .timeLimit(.minutes(1)))
struct CorpusTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Corpus")
    private static let rounds = 1_500

    private static func corpus(_ target: FuzzTarget) throws -> [[UInt8]] {
        let path = folder.appendingPathComponent(target.name).path
        return try FileManager.default.contentsOfDirectory(atPath: path).sorted().map { name in
            Array(try Data(contentsOf: URL(fileURLWithPath: path).appendingPathComponent(name)))
        }
    }

    @Test("every input of the corpus keeps to what is promised of its target", arguments: FuzzTarget.all)
    func corpus(target: FuzzTarget) throws {
        let inputs = try Self.corpus(target)
        #expect(!inputs.isEmpty)
        for input in inputs + [[]] {
            #expect(throws: Never.self, "\(Self.shown(input))") { try input.withUnsafeBytes { try target.run($0) } }
        }
    }

    @Test("so does what becomes of it", arguments: FuzzTarget.all)
    func mutated(target: FuzzTarget) throws {
        var generator = SeededGenerator(for: "CorpusTests.mutated \(target)")
        let inputs = try Self.corpus(target)
        for round in 0..<Self.rounds {
            var input = inputs[round % inputs.count]
            for _ in 0...Int.random(in: 0...3, using: &generator) { Self.mutate(&input, inputs, &generator) }
            input = Array(input.prefix(target.limit))
            do {
                try input.withUnsafeBytes { try target.run($0) }
            } catch {
                Issue.record("round \(round): \(error) of \(Self.shown(input))")
                return
            }
        }
    }

    private static func mutate(_ input: inout [UInt8], _ all: [[UInt8]], _ generator: inout SeededGenerator) {
        let place = Int.random(in: 0...input.count, using: &generator)
        switch Int.random(in: 0..<5, using: &generator) {
        case 0 where place < input.count: input[place] = UInt8.random(in: .min ... .max, using: &generator)
        case 1 where place < input.count: input[place] ^= 1 << UInt8.random(in: 0...7, using: &generator)
        case 2 where place < input.count: input.removeSubrange(place..<min(input.count, place + 1 + Int(generator.next() % 8)))
        case 3:
            let other = all.randomElement(using: &generator) ?? []
            let start = Int.random(in: 0...other.count, using: &generator)
            input.insert(contentsOf: other[start..<min(other.count, start + Int(generator.next() % 32))], at: place)
        default: input.insert("{}[]\",:\\0-9e.%@/\n\u{1B}".utf8.randomElement(using: &generator) ?? 0, at: place)
        }
    }

    private static func shown(_ input: [UInt8]) -> String { Data(input).base64EncodedString() }
}
