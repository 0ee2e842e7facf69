/// Decides by what the file and its disk hold whether more may be taken in. Pure.
///
/// Both limits hold intake only: what is journaled already goes on being handled and sent. Each lets go at some distance from where it
/// holds, so that intake does not flicker.
struct FileGauge: Sendable {
    struct Limits: Sendable {
        /// Open entries; `nil`: any number.
        var backlog: Int64?
        /// Bytes that stay free on the file system; 0: none.
        var headroom: Int64 = 0
    }

    enum Change: Equatable {
        case hold(Intake.Hold)
        case release(Intake.Hold)
    }

    private let limits: Limits
    private var lookAt: Int64 = 0
    /// More entries are open than the backlog may have.
    private(set) var isBacklogged = false
    private var isShort = false

    init(limits: Limits) {
        self.limits = limits
    }

    var countsEntries: Bool { limits.backlog != nil }
    var measuresDisk: Bool { limits.headroom > 0 }

    /// Whether it is time to look: at most once a second.
    mutating func isDue(now: Int64) -> Bool {
        // A clock that was set back must not blind it.
        guard now >= lookAt || lookAt > now + 10_000_000 else { return false }
        lookAt = now + 1_000_000
        return true
    }

    /// - Parameters:
    ///   - open: the entries of the file that are not finished.
    ///   - free: bytes that may still be written; `nil` where the file system does not say, which changes nothing.
    mutating func looked(open: Int64, free: Int64?) -> [Change] {
        var changes: [Change] = []
        if let backlog = limits.backlog {
            let isHeld = isBacklogged ? open >= Self.lowWater(backlog) : open > backlog
            if isHeld != isBacklogged { changes.append(isHeld ? .hold(.backlog) : .release(.backlog)) }
            isBacklogged = isHeld
        }
        if measuresDisk, let free {
            let isHeld = free < (isShort ? Self.highWater(limits.headroom) : limits.headroom)
            if isHeld != isShort { changes.append(isHeld ? .hold(.disk) : .release(.disk)) }
            isShort = isHeld
        }
        return changes
    }

    /// Why intake is held; `nil` while it is not. It names limits and no momentary numbers, so that it stays true.
    var reason: String? {
        if isShort {
            return "less than \(limits.headroom) bytes are free on the file system; nothing is taken until there are "
                + "\(Self.highWater(limits.headroom)); free some space"
        }
        guard isBacklogged, let backlog = limits.backlog else { return nil }
        return "more than \(backlog) entries are open; nothing is taken until there are fewer than \(Self.lowWater(backlog))"
    }

    private static func lowWater(_ backlog: Int64) -> Int64 { backlog - backlog / 8 }
    private static func highWater(_ headroom: Int64) -> Int64 { headroom + min(headroom / 4, .max - headroom) }
}
