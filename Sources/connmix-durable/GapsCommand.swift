import ArgumentParser
import ConnmixDurable

/// `connmix-durable gaps`
struct GapsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gaps",
        abstract:
            "The loss ledger: when which node was not consumed, connections that ended uncleanly, files that were lost, newest first.",
        discussion: """
            Each with what may have been lost. A node that is listed and not popped keeps its messages in its queues, until they are full.
            Example:  connmix-durable gaps --since 24h
            """)

    @OptionGroup var options: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "The node's id.")
    var node: String?
    @Option(help: "Not ended before: RFC 3339, or an age such as 2h.")
    var since: TimePoint?
    @Option(help: "Begun before: RFC 3339, or an age such as 2h.")
    var until: TimePoint?
    @Option(help: "At most so many; 0 for all.")
    var limit = 50
    @Option(help: "oldest or newest first.")
    var order = ListOrder.newest

    func validate() throws {
        guard limit >= 0 else { throw ValidationError("--limit is \(limit); it may be 0 (all) or more") }
    }

    func run() throws {
        let losses = try losses(options.inspector())
        guard !losses.isEmpty else { throw Failure(.failed, "no gap, no unclean end and no adoption matches") }
        if output.json {
            try StandardOutput().writeLines(losses) { $0.members(of: $1) }
        } else {
            try StandardOutput().write(LossTable.text(losses, .output, now: Timestamp.now()))
        }
    }

    /// Of all nodes.
    private func adoptions(_ inspector: Inspector) throws -> [Loss] {
        guard node == nil else { return [] }
        return try inspector.adoptions().filter { $0.adoptedAt >= since?.microseconds ?? .min }.map { .adoption($0) }
    }

    /// The tables are kept short, so they are read whole and sorted here.
    func losses(_ inspector: Inspector) throws -> [Loss] {
        var gaps = GapFilter()
        (gaps.node, gaps.since, gaps.until, gaps.limit) = (node, since?.microseconds, until?.microseconds, .max)
        var epochs = EpochFilter()
        (epochs.node, epochs.since, epochs.until, epochs.limit) = (node, since?.microseconds, until?.microseconds, .max)
        epochs.onlyUnclean = true
        let now = Timestamp.now()
        let all =
            try inspector.gaps(gaps).map { Loss.gap($0) } + inspector.epochs(epochs).map { Loss.uncleanEnd($0) }
            + adoptions(inspector)
        let sorted = all.map { (time: $0.time ?? now, loss: $0) }.filter { $0.time < until?.microseconds ?? .max }
            .sorted { order == .oldest ? $0.time < $1.time : $0.time > $1.time }
        return sorted.prefix(limit == 0 ? .max : limit).map(\.loss)
    }
}
