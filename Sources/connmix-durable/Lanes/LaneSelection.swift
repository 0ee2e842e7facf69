import ArgumentParser
import ConnmixDurable

/// Which lanes are meant: names, or all that are parked.
struct LaneSelection: ParsableArguments {
    @Argument(help: "The lanes' names.")
    var lane: [String] = []

    /// The heads of the lanes.
    ///
    /// - Parameter takesWaiting: whether a lane may be named whose head waits for a retry.
    func selection(_ inspector: Inspector, takesWaiting: Bool) throws -> BulkSelection {
        let still = try inspector.stillLanes()
        guard !lane.isEmpty else {
            return .init(filter: #"{"lanes":"all"}"#, ids: still.filter(\.isParked).map(\.head), missing: [])
        }
        let heads = try lane.map { name in
            guard let found = still.first(where: { $0.lane == name }) else {
                throw Failure(.failed, "the lane \(name) does not stand still; see lanes list. Nothing was changed")
            }
            guard found.isParked || takesWaiting else {
                throw Failure(
                    .failed,
                    "the lane \(name) waits for the retry of entry \(found.head) and is not parked; put that aside with: connmix-durable journal discard --id \(found.head)"
                )
            }
            return found.head
        }
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("lanes"); writer.array(lane) { $0.string($1) }
        }
        return .init(filter: String(decoding: writer.bytes, as: UTF8.self), ids: heads, missing: [])
    }
}

/// A verb on the heads of lanes.
protocol LaneVerbCommand: BulkCommand {
    /// Whether a lane may be named whose head waits for a retry.
    static var takesWaiting: Bool { get }

    var lanes: LaneSelection { get }
}

extension LaneVerbCommand {
    static var ledger: Ledger { .journal }

    var isFiltered: Bool { !lanes.lane.isEmpty }

    func select(_ inspector: Inspector, looked: ((Int) throws -> Void)?) throws -> BulkSelection {
        try lanes.selection(inspector, takesWaiting: Self.takesWaiting)
    }
}
