import ArgumentParser
import ConnmixDurable

/// Which commands of the outbox.
struct OutboxFilterOptions: RowFilterOptions {
    typealias Row = OutboxRecord

    @Argument(help: ArgumentHelp("Ids, as with --id.", valueName: "ids"), completion: Completions.ids)
    var bareIDs: [IDRanges] = []
    @OptionGroup var common: CommonFilterOptions
    @Option(
        name: .customLong("state"),
        help: "pending, sent, dead, expired, cancelled, superseded, unknown; several with commas. May be repeated.")
    var states: [StateList<CommandState>] = []
    @Option(help: "mesh.send, mesh.publish, conn.call, or another method.")
    var kind: String?
    @Option(help: "The channel of a publish.")
    var channel: String?
    @Flag(name: .customLong("partial"), help: "Publishes that failed for some subscribers.")
    var isPartial = false

    var hasOwnConditions: Bool { kind != nil || channel != nil || isPartial }

    func addOwnConditions(to filter: inout OutboxFilter) {
        filter.kind = kind
        filter.channel = channel
        filter.isPartial = isPartial
    }

    func writeOwnConditions(to writer: inout JSONWriter) {
        if let kind { writer.key("kind"); writer.string(kind) }
        if let channel { writer.key("channel"); writer.string(channel) }
        if isPartial { writer.key("partial"); writer.bool(true) }
    }
}
