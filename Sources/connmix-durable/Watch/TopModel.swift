import ConnmixDurable

/// What `top` shows, as it is at a moment. Pure: `TopCommand` looks and draws.
struct TopModel {
    /// As many looks as the widest terminal has columns.
    private static let historyLimit = 1_000

    let interval: String
    private(set) var snapshot: StatusSnapshot?
    private(set) var lanes: [ParkedLane] = []
    private(set) var history: [ActivityReport.Rates] = []
    /// Why the last look failed.
    private(set) var trouble: String?
    private(set) var isPaused = false

    init(interval: String) {
        self.interval = interval
    }

    mutating func looked(_ snapshot: StatusSnapshot, lanes: [ParkedLane]) {
        self.snapshot = snapshot
        self.lanes = lanes
        trouble = nil
        if let rates = snapshot.rates { history.append(rates) }
        if history.count > Self.historyLimit { history.removeFirst(history.count - Self.historyLimit) }
    }

    mutating func failed(_ reason: String) {
        trouble = reason
    }

    enum KeyAction: Equatable {
        case quit
        case interrupt
        case draw
        case nothing
    }

    mutating func pressed(_ key: UInt8) -> KeyAction {
        switch key {
        case UInt8(ascii: "q"), UInt8(ascii: "Q"): return .quit
        case 3: return .interrupt
        case UInt8(ascii: " "):
            isPaused.toggle()
            return .draw
        default: return .nothing
        }
    }
}
