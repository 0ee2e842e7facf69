/// What is in memory under each quota: a bound without an order. Pure.
struct Quotas: Sendable {
    private var held: [OrderKey: WindowBounds.Load] = [:]
    /// How many rows have a quota.
    private var rows = 0

    mutating func took(_ quota: OrderKey, bytes: Int) {
        held[quota, default: WindowBounds.Load()].rows += 1
        held[quota]?.bytes += bytes
        rows += 1
    }

    mutating func gave(_ quota: OrderKey, bytes: Int) {
        guard let load = held[quota] else { return assertionFailure("a quota gave a place that it never had") }
        held[quota] = load.rows == 1 ? nil : WindowBounds.Load(rows: load.rows - 1, bytes: load.bytes - bytes)
        rows -= 1
    }

    func isFull(_ quota: OrderKey, in bounds: WindowBounds) -> Bool {
        bounds.isFull(quota: held[quota] ?? WindowBounds.Load(), rowsOfAll: rows)
    }

    /// Whether one that was full has room again; `nil` where nothing is held under it.
    func hasRoomAgain(_ quota: OrderKey, in bounds: WindowBounds) -> Bool? {
        held[quota].map { bounds.hasRoomAgain(quota: $0, rowsOfAll: rows) }
    }
}
