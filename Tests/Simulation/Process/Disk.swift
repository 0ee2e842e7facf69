internal import CSimulatedMachine
internal import CSQLite
internal import Glibc

/// What the simulated disk does to the consumer's operations on its files.
final class Disk: @unchecked Sendable {
    enum Sickness: String, CaseIterable {
        case none, full, failing, flaky
    }

    let world: World
    let record: EngineRecord
    var dice: Dice
    var sickness = Sickness.none {
        didSet { simulated_disk_free_is(sickness == .full ? 0 : 1 << 40) }
    }
    /// Everything of the process that is alive fails: it is dead and does not know.
    var isGone = false
    /// The checker looks, or an operator writes: nothing fails, and nobody dies.
    var isSpared = false
    /// The process dies at this operation from now.
    var diesAfter: Int?
    var onDeath: () -> Void = {}
    /// Whether the writer waits for its disk now, so that others go on meanwhile.
    var mayWait: () -> Bool = { false }
    var holds: (World.Event) -> Bool = { _ in true }
    private(set) var operations = 0
    var isSlow = false

    /// SQLite's file system asks without a context.
    nonisolated(unsafe) static var current: Disk?

    init(world: World, record: EngineRecord, seed: UInt64) {
        self.world = world
        self.record = record
        dice = Dice(seed: seed, for: "disk")
    }

    func begin(folder: String) {
        Self.current = self
        simulated_disk_begin(folder) { operation, isLog, offset, length, part in
            guard let disk = Disk.current else { return SQLITE_OK }
            return disk.judge(operation, isLog: isLog == 1, length: length, part: part)
        }
    }

    func end() {
        simulated_disk_end()
        Self.current = nil
    }

    func sparing<T>(_ body: () throws -> T) rethrows -> T {
        let before = isSpared
        isSpared = true
        defer { isSpared = before }
        return try body()
    }

    private func judge(_ operation: Int32, isLog: Bool, length: Int32, part: UnsafeMutablePointer<Int32>?) -> Int32 {
        if isSpared { return SQLITE_OK }
        // It is dead: what no retry mends ends it soonest.
        if isGone { return SQLITE_CORRUPT }
        operations += 1
        world.mix(UInt64(operation) << 32 | UInt64(UInt32(bitPattern: length)) | (isLog ? 1 << 40 : 0))
        if let left = diesAfter {
            guard left > 0 else {
                diesAfter = nil
                if let part, length > 0 { part.pointee = Int32(dice.below(Int(length))) }
                record.saw(.killInCommit)
                onDeath()
                return SQLITE_IOERR
            }
            diesAfter = left - 1
        }
        if let result = sick(operation, length: length, part: part) {
            record.saw(.diskFault)
            return result
        }
        guard operation == Int32(SIMULATED_SYNC), mayWait() else { return SQLITE_OK }
        let time =
            isSlow ? dice.time(50_000...900_000) : dice.happens(oneIn: 50) ? dice.time(5_000...80_000) : dice.time(100...2_500)
        let before = world.events
        world.wait(time, holding: holds)
        record.saw(.overlap, world.events - before)
        return isGone ? SQLITE_CORRUPT : SQLITE_OK
    }

    private func sick(_ operation: Int32, length: Int32, part: UnsafeMutablePointer<Int32>?) -> Int32? {
        switch sickness {
        case .none: return nil
        case .full:
            guard operation == Int32(SIMULATED_WRITE) else { return nil }
            if let part, dice.happens(oneIn: 3) { part.pointee = Int32(dice.below(Int(length))) }
            return SQLITE_FULL
        case .failing: break
        case .flaky: guard dice.happens(oneIn: 15) else { return nil }
        }
        switch operation {
        case Int32(SIMULATED_READ): return sickness == .failing ? nil : SQLITE_IOERR | (1 << 8)
        case Int32(SIMULATED_WRITE):
            if let part, dice.happens(oneIn: 2) { part.pointee = Int32(dice.below(Int(length))) }
            return SQLITE_IOERR | (3 << 8)
        case Int32(SIMULATED_SYNC): return SQLITE_IOERR | (4 << 8)
        case Int32(SIMULATED_TRUNCATE): return SQLITE_IOERR | (6 << 8)
        default: return SQLITE_CANTOPEN
        }
    }
}
