import ConnmixDurable

/// An import, slice by slice.
struct ImportParts: BulkParts {
    private static let slice = 500
    private static let sliceBytes = 8 << 20

    private let journal: JournalImport
    private let action: Int64
    private let path: String
    /// What people call the file.
    private let name: String
    /// Whether the lines came from stdin, which nobody can read again.
    private let isInput: Bool
    private let survey: ImportSurvey
    private let kind: ImportLine.Kind
    /// How many lines were taken.
    private var done: Int
    /// Opened with the first slice.
    private var reader: LineReader?

    /// - Parameters:
    ///   - file: as it was named; `-` is stdin.
    ///   - path: where its lines are.
    ///   - before: how many of them were taken before.
    init(
        _ journal: JournalImport, _ action: Int64, file: String, path: String, before: Int, _ survey: ImportSurvey,
        as kind: ImportLine.Kind
    ) {
        self.journal = journal
        self.action = action
        self.path = path
        done = before
        name = InputFile.name(file)
        isInput = file == "-"
        self.survey = survey
        self.kind = kind
    }

    var room: Int { Self.slice }

    var lastWrite: WriteTimes { journal.lastWrite }

    mutating func next(_ most: Int) throws -> Int? {
        let reader = try reader ?? opened(behind: done)
        self.reader = reader
        var entries: [ImportedEntry] = []
        var bytes = 0
        while entries.count < most, bytes < Self.sliceBytes, let line = try reader.next() {
            let number = reader.number
            entries.append(
                try ImportLine(line, line: number, of: name, as: kind).replaying(line: survey.originals[number]))
            bytes += line.count
        }
        guard !entries.isEmpty else { throw Failure(.badData, "\(name) has become shorter; name the same file") }
        try journal.add(entries, to: action, finished: done)
        done += entries.count
        return entries.count
    }

    func stop(after done: Int) throws -> BulkStop {
        try journal.stop(action)
        return BulkStop(
            place: "stopped after \(done) of \(survey.total) lines of \(name)",
            advice: isInput
                ? "take it back with: connmix-durable actions undo \(action)" : "go on with --resume \(action)")
    }

    private func opened(behind lines: Int) throws -> LineReader {
        let reader = try LineReader(path: path)
        for _ in 0..<lines { _ = try reader.next() }
        return reader
    }
}
