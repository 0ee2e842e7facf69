import ArgumentParser
import ConnmixDurable

/// `connmix-durable lanes list`
struct LanesListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lanes that are parked behind a dead entry, or wait for a retry.",
        discussion: "Example:  connmix-durable lanes list --parked --json")

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "Only those that stand until somebody acts.")
    var parked = false

    func run() throws {
        let lanes = try database.inspector().stillLanes().filter { $0.isParked || !parked }
        guard !lanes.isEmpty else { throw Failure(.failed, parked ? "no lane is parked" : "no lane is parked or waits") }
        if output.json {
            try StandardOutput().writeLines(lanes) { $0.members(of: $1) }
        } else {
            try StandardOutput().write(text(lanes, .output, now: Timestamp.now()))
        }
    }

    private func text(_ lanes: [StillLane], _ terminal: Terminal, now: Int64) -> String {
        var table = Table([
            .init(title: "LANE", limit: 24),
            .init(title: "STATE", colour: { $0 == "parked" ? .red : .yellow }),
            .init(title: "HEAD", isNumber: true),
            .init(title: "BEHIND", isNumber: true),
            .init(title: "PARKED OR NEXT", isNumber: true),
            .init(title: "REASON", isFlexible: true, colour: { _ in .red }),
        ])
        for lane in lanes {
            let time = lane.since ?? lane.availableAt
            table.add([
                lane.lane, lane.state, "\(lane.head)", "\(lane.behind)", time.map { Age.text($0, now: now) } ?? "",
                lane.reason,
            ])
        }
        return table.text(terminal)
    }
}

extension StillLane {
    var state: String { isParked ? "parked" : "waiting" }
}

extension JSONWriter {
    /// - Parameters:
    ///   - name: what is shown of its name.
    ///   - reason: what is shown of its reason.
    mutating func members(of lane: StillLane, name: String? = nil, reason: String? = nil) {
        key("lane"); string(name ?? lane.lane)
        key("state"); string(lane.state)
        key("head"); integer(lane.head)
        key("behind"); integer(lane.behind)
        key("parked_at"); time(lane.since)
        key("available_at"); time(lane.availableAt)
        key("reason"); string(reason ?? lane.reason)
    }
}
