import ConnmixDurable

/// What `top` shows, as it is at a moment: what was read, what is chosen, what is being done. Pure: `TopCommand` reads, acts and draws.
struct TopModel {
    /// As many looks as the widest terminal has columns.
    private static let historyLimit = 1_000
    /// Looking for causes takes no more than so much of the time.
    private static let causeShare = 10
    private static let leastCausePause = Duration.seconds(1)

    /// What happened at a look.
    struct Sample {
        let rates: ActivityReport.Rates
        let at: Int64
    }

    /// The rows of a cause.
    struct List {
        var cause: TopCause
        /// `nil` until they are read.
        var rows: [TopRow]?
        var isCut = false
        var index = 0
        var isDue = true
    }

    /// A row that is shown whole.
    struct Opened {
        let row: TopRow.ID
        var detail: TopDetail?
        /// Of the first line that is shown.
        var offset = 0
        var isDue = true
    }

    /// What is done to rows.
    enum Work: Equatable {
        case nothing
        case selecting(TopOrder)
        case asking(TopSelection)
        case acting(TopSelection, done: Int)
    }

    struct Note: Equatable {
        let text: String
        let colour: Colour
    }

    let interval: Seconds
    var size: (width: Int, height: Int)
    private(set) var snapshot: StatusSnapshot?
    private(set) var lanes: [ParkedLane] = []
    private(set) var history: [Sample] = []
    /// Why the last look failed.
    private(set) var trouble: String?
    private(set) var causes: [TopCause]?
    private(set) var areCausesCut = false
    private var nextLook: ContinuousClock.Instant?
    private var nextCauses: ContinuousClock.Instant?

    var isPaused = false
    var isHelpShown = false
    /// Of the cause that is chosen.
    var index = 0
    var list: List?
    var opened: Opened?
    var work = Work.nothing
    var note: Note?

    init(interval: Seconds, size: (width: Int, height: Int) = (80, 24)) {
        self.interval = interval
        self.size = size
    }

    var chosenCause: TopCause? { causes.flatMap { $0.indices.contains(index) ? $0[index] : nil } }

    var chosenRow: TopRow? {
        list.flatMap { list in list.rows.flatMap { $0.indices.contains(list.index) ? $0[list.index] : nil } }
    }

    // MARK: Reading

    /// What is to be read now. Called where nothing is being read.
    mutating func read(at now: ContinuousClock.Instant) -> TopRead? {
        if case .selecting(let order) = work { return .selection(order) }
        if let opened, opened.isDue { return .detail(opened.row) }
        if let list, list.isDue { return .rows(list.cause.id) }
        guard !isPaused else { return nil }
        if nextLook.map({ $0 <= now }) ?? true { return .look }
        if nextCauses.map({ $0 <= now }) ?? true { return .causes }
        return nil
    }

    /// How long nothing is to be read, a tenth of a second at the most.
    func patience(at now: ContinuousClock.Instant) -> Duration {
        let longest = Duration.milliseconds(100)
        guard !isPaused else { return longest }
        return [nextLook, nextCauses].compactMap { $0 }.reduce(longest) { min($0, max(.milliseconds(1), $1 - now)) }
    }

    mutating func happened(_ event: TopDesk.Event, at now: ContinuousClock.Instant = .now) {
        switch event {
        case .answered(let read, let answer, let took): answered(read, answer, at: now, took: took)
        case .acted(let done): acted(done)
        case .ended(let result): ended(result)
        }
    }

    /// Whether what is being read is still asked for.
    func wants(_ read: TopRead) -> Bool {
        switch read {
        case .look, .causes: true
        case .rows(let cause): list?.cause.id == cause
        case .detail(let row): opened?.row == row
        case .selection(let order): work == .selecting(order)
        }
    }

    /// - Parameter took: how long reading took.
    mutating func answered(_ read: TopRead, _ answer: TopAnswer, at now: ContinuousClock.Instant, took: Duration) {
        switch read {
        case .look: nextLook = now + interval.duration
        case .causes: nextCauses = now + max(interval.duration, Self.leastCausePause, took * Self.causeShare)
        case .rows: list?.isDue = false
        case .detail: opened?.isDue = false
        case .selection: break
        }
        guard wants(read) else { return }
        switch answer {
        case .look(let snapshot, let lanes): looked(snapshot, lanes: lanes)
        case .causes(let causes, let isCut): found(causes, isCut: isCut)
        case .rows(let rows, let isCut):
            guard var list else { return }
            // The same row stays chosen, or the one that took its place.
            let last = chosenRow?.id
            list.index = rows.firstIndex { $0.id == last } ?? max(0, min(list.index, rows.count - 1))
            (list.rows, list.isCut) = (rows, isCut)
            self.list = list
        case .detail(let detail): opened?.detail = detail
        case .selection(let selection): selected(selection)
        case .failed(let reason, let isGone): failed(read, reason, isGone: isGone)
        }
    }

    private mutating func looked(_ snapshot: StatusSnapshot, lanes: [ParkedLane]) {
        self.snapshot = snapshot
        self.lanes = lanes
        trouble = nil
        if let rates = snapshot.rates { history.append(Sample(rates: rates, at: snapshot.status.takenAt)) }
        if history.count > Self.historyLimit { history.removeFirst(history.count - Self.historyLimit) }
    }

    private mutating func found(_ causes: [TopCause], isCut: Bool) {
        let last = chosenCause?.id
        self.causes = causes
        areCausesCut = isCut
        index = causes.firstIndex { $0.id == last } ?? max(0, min(index, causes.count - 1))
    }

    private mutating func failed(_ read: TopRead, _ reason: String, isGone: Bool) {
        switch read {
        case .look, .causes: trouble = reason
        case .rows: note = Note(text: "cannot list: \(reason)", colour: .red)
        case .detail:
            note = Note(text: reason, colour: .red)
            if isGone { opened = nil }
        case .selection:
            work = .nothing
            note = Note(text: "nothing was changed: \(reason)", colour: .red)
        }
    }

    // MARK: Acting

    private mutating func selected(_ selection: TopSelection) {
        guard selection.ids.isEmpty else { return work = .asking(selection) }
        work = .nothing
        note = Note(text: "nothing to \(selection.order.verb.rawValue): none is left", colour: .yellow)
    }

    /// So many rows have been looked at.
    mutating func acted(_ done: Int) {
        guard case .acting(let selection, _) = work else { return }
        work = .acting(selection, done: done)
    }

    /// - Parameter report: what was done; or why it ended early.
    mutating func ended(_ report: Result<OperatorReport, TopStop>) {
        guard case .acting(let selection, _) = work else { return }
        work = .nothing
        note =
            switch report {
            case .success(let report): Note(text: report.line(selection), colour: report.applied.isEmpty ? .yellow : .green)
            case .failure(let stop): Note(text: stop.text, colour: .red)
            }
        // What was changed is to be seen.
        list?.isDue = true
        opened?.isDue = true
        (nextLook, nextCauses) = (nil, nil)
    }
}

/// Why an action ended early, and how to go on.
struct TopStop: Error {
    let text: String
}
