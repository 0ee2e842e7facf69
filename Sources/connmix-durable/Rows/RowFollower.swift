import ConnmixDurable
import SystemPackage

/// Shows rows as they come, or, where states are asked for, as they come into one of them.
struct RowFollower<Filters: RowFilterOptions> {
    private typealias Row = Filters.Row

    /// How many open rows are kept in mind, to see them change.
    private static var watchLimit: Int { 100_000 }
    private static var pageSize: Int { 200 }
    private static var pause: Duration { .milliseconds(100) }

    private let inspector: Inspector
    private let filters: Filters
    private let withData: Bool
    private let asJSON: Bool
    /// In which states rows are shown; empty for all.
    private let wanted: Set<Filters.Row.State>
    private var hasTitles = false
    /// Ids up to here were looked at.
    private var cursor: Int64 = 0
    /// Rows that are open and have not been shown.
    private var watched: Set<Int64> = []

    init(_ inspector: Inspector, _ filters: Filters, withData: Bool, asJSON: Bool) {
        self.inspector = inspector
        self.filters = filters
        self.withData = withData
        self.asJSON = asJSON
        wanted = filters.named
    }

    /// Shows some rows that are there, and then follows until a signal comes or the reader leaves.
    ///
    /// - Throws: `CancellationError`, `BrokenPipe`, and what reading and writing throw.
    mutating func run() throws -> Never {
        try showEarlier()
        Interruption.watch()
        ThreadPriority.lower()
        while true {
            try Interruption.check()
            let isBehind = try showNew()
            if !watched.isEmpty { try show(changed()) }
            try Self.checkReader()
            if !isBehind { try Interruption.pause(Self.pause) }
        }
    }

    // MARK: What is there

    private mutating func showEarlier() throws {
        let start = try Row.newest(inspector)
        cursor = start
        var filter = filters.filter
        filter.limit = filters.common.limit ?? 10
        (filter.order, filter.after) = (.newest, start < .max ? start + 1 : nil)
        // Before the list: what ends meanwhile is in one of the two, and shown once.
        if !wanted.isEmpty { watched = try open().filter { $0 <= start } }
        var note = SearchNote(Row.count(inspector, wanted))
        let earlier = filter.limit == 0 ? [] : try Row.ids(inspector, filter) { note.looked($0) }
        note.clear()
        watched.subtract(earlier)
        // Ids first, then page by page: nobody knows how large the payloads are.
        for page in earlier.reversed().pages(of: Self.pageSize) { try showPage(page) }
    }

    private func open() throws -> Set<Int64> {
        var filter = Row.Filter()
        filter.states = Row.openStates
        filter.limit = Self.watchLimit
        return Set(try Row.ids(inspector, filter) { _ in })
    }

    // MARK: What comes

    /// - Returns: whether there may be more that is new.
    private mutating func showNew() throws -> Bool {
        guard try Row.newest(inspector) > cursor else { return false }
        var filter = Row.Filter()
        (filter.after, filter.order, filter.limit) = (cursor, .oldest, 1_000)
        let ids = try Row.page(inspector, filter, withData: false) { _ in }.map(\.id)
        cursor = ids.last ?? cursor
        if wanted.isEmpty {
            try show(ids)
        } else {
            watched.formUnion(ids)
            while watched.count > Self.watchLimit, let oldest = watched.min() { watched.remove(oldest) }
        }
        return ids.count == filter.limit
    }

    /// Those of the watched rows that came into a wanted state; what cannot any more is watched no longer.
    private mutating func changed() throws -> [Int64] {
        var ids: [Int64] = []
        for page in watched.sorted().pages(of: 5_000) {
            try Interruption.check()
            let states = try Row.states(inspector, of: page)
            for id in page {
                guard let state = states[id] else {
                    watched.remove(id)
                    continue
                }
                if wanted.contains(state) { ids.append(id) }
                if wanted.contains(state) || !Row.openStates.contains(state) { watched.remove(id) }
            }
        }
        return ids
    }

    // MARK: Showing

    private mutating func show(_ ids: [Int64]) throws {
        for page in ids.pages(of: Self.pageSize) {
            try Interruption.check()
            try showPage(page)
        }
    }

    /// Shows those of the rows that pass the filter.
    private mutating func showPage(_ ids: [Int64]) throws {
        var filter = filters.filter
        let named = filter.ids
        filter.ids = (named.isEmpty ? ids : ids.filter { id in named.contains { $0.contains(id) } }).map { $0...$0 }
        guard !filter.ids.isEmpty else { return }
        (filter.order, filter.limit) = (.oldest, ids.count)
        let rows = try Row.page(inspector, filter, withData: withData) { _ in }
        guard !rows.isEmpty else { return }
        guard !asJSON else { return try StandardOutput().writeLines(rows) { $1.write(to: &$0, waiting: []) } }
        let text = Row.table(rows, .output, now: Timestamp.now(), waiting: [], isStream: true)
        try StandardOutput().write(hasTitles ? text.withoutFirstLine : text)
        hasTitles = true
    }

    /// A reader that has left is noticed although nothing is written.
    private static func checkReader() throws {
        if FileDescriptor.standardOutput.isHungUp { throw BrokenPipe() }
    }
}
