import ConnmixDurable

/// What is known of a file of lines once all of them were looked at, before the first is imported.
struct ImportSurvey {
    /// So many versions of handlers are kept; more are no versions.
    private static let versionLimit = 1_000

    private(set) var total = 0
    private(set) var states: [EntryState: Int] = [:]
    private(set) var digest = LineDigest()
    /// Of replays, the line of the original: it must come before.
    private(set) var originals: [Int64: Int64] = [:]

    /// - Throws: `Failure` with exit code 65 for the first bad line; `CancellationError`.
    init(_ path: String, _ name: String, as kind: ImportLine.Kind) throws {
        var wanted: Set<Int64> = []
        var versions: Set<String> = []
        try Self.eachLine(of: path, name, as: kind) { line, bytes in
            total += 1
            digest.add(bytes)
            states[line.entry.state, default: 0] += 1
            if let original = line.replayOf { wanted.insert(original) }
            if let version = line.entry.handlerVersion { versions.insert(version) }
            guard versions.count <= Self.versionLimit else {
                throw Failure(
                    .badData,
                    "line \(line.entry.line) of \(name): \"handler_version\" is the \(versions.count)th that is named; a file may name \(Self.versionLimit)"
                )
            }
        }
        guard !wanted.isEmpty else { return }
        var places: [Int64: Int64] = [:]
        try Self.eachLine(of: path, name, as: kind) { line, _ in
            if let original = line.replayOf { originals[line.entry.line] = places[original] }
            if let id = line.id, wanted.contains(id) { places[id] = line.entry.line }
        }
    }

    /// `3 done, 1 dead`
    var description: String {
        EntryState.allCases.compactMap { state in states[state].map { "\($0) \(state)" } }.joined(separator: ", ")
    }

    private static func eachLine(
        of path: String, _ name: String, as kind: ImportLine.Kind, _ body: (ImportLine, [UInt8]) throws -> Void
    ) throws {
        let reader = try LineReader(path: path)
        while let bytes = try reader.next() {
            try Interruption.check()
            try body(ImportLine(bytes, line: reader.number, of: name, as: kind), bytes)
        }
    }
}
