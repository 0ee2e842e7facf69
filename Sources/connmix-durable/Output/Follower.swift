import ConnmixDurable
import SystemPackage

/// Shows rows as they come, or, where states are asked for, as they come into one of them.
struct Follower<State: Hashable, Row> {
    /// How many open rows are kept in mind, to see them change.
    static var watchLimit: Int { 100_000 }
    private static var pause: Duration { .milliseconds(100) }

    /// The highest id.
    let newest: () throws -> Int64
    /// Ids above one, whatever they are.
    let above: (_ id: Int64, _ limit: Int) throws -> [Int64]
    /// In which states rows are.
    let states: ([Int64]) throws -> [Int64: State]
    let isOpen: (State) -> Bool
    /// The rows of these that pass the filter.
    let rows: ([Int64]) throws -> [Row]
    let show: ([Row]) throws -> Void
    /// Empty for all.
    let wanted: Set<State>

    /// Follows until a signal comes or the reader leaves.
    ///
    /// - Parameters:
    ///   - start: ids up to here were looked at before.
    ///   - open: those of them that were open and have not been shown.
    /// - Throws: `CancellationError`, `BrokenPipe`, and what reading and writing throw.
    func run(from start: Int64, open: Set<Int64>) throws -> Never {
        Interruption.watch()
        ThreadPriority.lower()
        var cursor = start
        var watched = wanted.isEmpty ? [] : open
        while true {
            try Interruption.check()
            var isBehind = false
            if try newest() > cursor {
                let ids = try above(cursor, 1_000)
                cursor = ids.last ?? cursor
                if wanted.isEmpty {
                    try present(ids)
                } else {
                    watched.formUnion(ids)
                    while watched.count > Self.watchLimit { watched.remove(watched.min() ?? 0) }
                }
                isBehind = ids.count == 1_000
            }
            if !watched.isEmpty { try present(changed(&watched)) }
            try Self.checkReader()
            if !isBehind { try Interruption.pause(Self.pause) }
        }
    }

    /// Those of the watched rows that came into a wanted state; what cannot any more is watched no longer.
    private func changed(_ watched: inout Set<Int64>) throws -> [Int64] {
        var ids: [Int64] = []
        let all = watched.sorted()
        for start in stride(from: 0, to: all.count, by: 5_000) {
            try Interruption.check()
            let part = Array(all[start..<min(start + 5_000, all.count)])
            let states = try states(part)
            for id in part {
                guard let state = states[id] else {
                    watched.remove(id)
                    continue
                }
                if wanted.contains(state) { ids.append(id) }
                if wanted.contains(state) || !isOpen(state) { watched.remove(id) }
            }
        }
        return ids
    }

    private func present(_ ids: [Int64]) throws {
        for start in stride(from: 0, to: ids.count, by: 200) {
            try Interruption.check()
            let rows = try rows(Array(ids[start..<min(start + 200, ids.count)]))
            if !rows.isEmpty { try show(rows) }
        }
    }

    /// A reader that has left is noticed although nothing is written.
    private static func checkReader() throws {
        if FileDescriptor.standardOutput.isHungUp { throw BrokenPipe() }
    }
}
