import ArgumentParser
import ConnmixDurable

/// What a shell offers for a word: read from the file that the line names, as far as it can be read.
enum Completions {
    /// So many of the newest rows are looked at.
    private static let looked = 1_000
    private static let offered = 50

    /// Topics of the newest entries.
    static let topics = CompletionKind.custom { words, _, prefix in
        var filter = JournalFilter()
        filter.limit = looked
        let entries = (try? inspector(words).entries(filter, withData: false)) ?? []
        return Set(entries.map(\.topic)).filter { $0.hasPrefix(prefix) }.sorted()
    }

    /// The newest ids of the ledger that the line is about, of those that its verb is for.
    static let ids = CompletionKind.custom { words, _, prefix in
        func own(_ ids: [Int64]) -> [String] { ids.map { "\($0)" }.filter { $0.hasPrefix(prefix) }.prefix(offered).map { $0 } }
        guard let inspector = try? inspector(words) else { return [] }
        if words.contains("outbox") {
            var filter = OutboxFilter()
            filter.limit = looked
            if words.contains("cancel") { filter.states = [.pending] }
            if words.contains("retry") { filter.states = [.dead] }
            return own(((try? inspector.commands(filter, withData: false)) ?? []).map(\.id))
        }
        var filter = JournalFilter()
        filter.limit = looked
        if words.contains("retry") || words.contains("discard") { filter.states = [.dead] }
        if words.contains("restore") { filter.states = [.discarded] }
        return own(((try? inspector.entries(filter, withData: false)) ?? []).map(\.id))
    }

    private static func inspector(_ words: [String]) throws -> Inspector {
        let place = words.lastIndex(of: "--database").map { $0 + 1 }.flatMap { words.indices.contains($0) ? words[$0] : nil }
        let joined = words.last { $0.hasPrefix("--database=") }.map { String($0.dropFirst(11)) }
        return try Inspector(database: place ?? joined ?? DatabaseOptions().database)
    }
}
