import ArgumentParser
import ConnmixDurable

/// `connmix-durable nodes`
struct NodesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nodes",
        abstract: "The centers, the nodes they list, and how far away each is. Pops nothing.",
        discussion: """
            Example:  connmix-durable nodes --center 10.0.0.5:6787
            Each node is asked for a WebSocket and a pong. What the center lists and a consumer leaves out (an address that is none,
            an id at two addresses) is shown with the reason. Exit code 69 where no center answers, or a node does not.
            """)

    @Option(
        help: ArgumentHelp(
            "A center, host:port. May be repeated. Default: $CONNMIX_CENTER, else 127.0.0.1:6787.", valueName: "url"))
    var center: [String] = []
    @Option(help: ArgumentHelp("The authorities that https:// centers and their nodes are signed by, as PEM.", valueName: "file"))
    var ca: String?
    @Option(
        help: ArgumentHelp("Reach nodes elsewhere than the center says: host, host:port or *, = and where.", valueName: "from=to")
    )
    var rewrite: [RewriteRule] = []
    @Option(help: "Seconds that each answer may take. (5)")
    var timeout: Seconds?
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let timeout, timeout.duration == .zero { throw ValidationError("--timeout is 0; give it some time") }
    }

    func run() async throws {
        let centers = center.isEmpty ? [DatabaseOptions.environment("CONNMIX_CENTER") ?? "127.0.0.1:6787"] : center
        let probe = try ClusterProbe(
            centers: centers, tls: TLSOptions(trustRoots: ca),
            rewriteAddress: { [rewrite] address in RewriteRule.rewrite(address, by: rewrite) },
            timeout: timeout?.duration ?? .seconds(5))
        let report = try await probe.run()
        try StandardOutput().write(output.json ? Self.json(report) : Array(Self.text(report, .output).utf8))
        guard let nodes = report.nodes else {
            throw Failure(.unreachable, "no center answered; check --center and the network")
        }
        let lost = nodes.count { $0.trouble != nil }
        guard lost == 0 else {
            throw Failure(.unreachable, "\(lost) of \(nodes.count) nodes cannot be used; see above")
        }
    }

    static func text(_ report: ClusterProbe.Report, _ terminal: Terminal) -> String {
        let colour: @Sendable (String) -> Colour? = { $0 == "ok" ? .green : .red }
        var centers = Table([
            .init(title: "CENTER"), .init(title: "versions"), .init(title: "round trip", isNumber: true),
            .init(title: "state", isFlexible: true, colour: colour),
        ])
        for center in report.centers {
            centers.add([
                center.address, center.versions.joined(separator: ","), milliseconds(center.roundTrip), center.trouble ?? "ok",
            ])
        }
        guard let list = report.nodes else { return centers.text(terminal) }
        var nodes = Table([
            .init(title: "NODE", limit: 40), .init(title: "address"), .init(title: "connect", isNumber: true),
            .init(title: "round trip", isNumber: true), .init(title: "state", isFlexible: true, colour: colour),
        ])
        for node in list {
            nodes.add([
                node.id, node.address, milliseconds(node.connected), milliseconds(node.roundTrip), node.trouble ?? "ok",
            ])
        }
        let shown = list.isEmpty ? "the center lists no nodes that can be used\n" : nodes.text(terminal)
        return centers.text(terminal) + "\n" + shown + (report.skipped.isEmpty ? "" : "\n" + skipped(report).text(terminal))
    }

    private static func skipped(_ report: ClusterProbe.Report) -> Table {
        var table = Table([
            .init(title: "LEFT OUT", limit: 40), .init(title: "address"),
            .init(title: "why", isFlexible: true, colour: { _ in .red }),
        ])
        for entry in report.skipped.prefix(skippedLimit) { table.add([entry.id ?? "-", entry.address ?? "-", entry.reason]) }
        if report.skipped.count > skippedLimit {
            table.add(["-", "-", "and \(report.skipped.count - skippedLimit) more; see --json"])
        }
        return table
    }

    /// On a screen; a list may have thousands of bad entries.
    private static let skippedLimit = 20

    private static func milliseconds(_ duration: Duration?) -> String {
        duration.map { "\((($0 / .microseconds(1)) / 100).rounded() / 10) ms" } ?? "-"
    }

    private static func json(_ report: ClusterProbe.Report) -> [UInt8] {
        var lines: [UInt8] = []
        for center in report.centers {
            lines += JSONWriter.line { writer in
                writer.key("kind"); writer.string("center")
                writer.key("address"); writer.string(center.address)
                writer.key("versions"); writer.array(center.versions) { $0.string($1) }
                writer.key("round_trip_seconds"); writer.number(center.roundTrip.map { $0 / .seconds(1) })
                writer.key("error"); writer.string(center.trouble)
            }
        }
        for node in report.nodes ?? [] {
            lines += JSONWriter.line { writer in
                writer.key("kind"); writer.string("node")
                writer.key("id"); writer.string(node.id)
                writer.key("address"); writer.string(node.address)
                writer.key("connect_seconds"); writer.number(node.connected.map { $0 / .seconds(1) })
                writer.key("round_trip_seconds"); writer.number(node.roundTrip.map { $0 / .seconds(1) })
                writer.key("error"); writer.string(node.trouble)
            }
        }
        for entry in report.skipped {
            lines += JSONWriter.line { writer in
                writer.key("kind"); writer.string("skipped")
                writer.key("id"); writer.string(entry.id)
                writer.key("address"); writer.string(entry.address)
                writer.key("error"); writer.string(entry.reason)
            }
        }
        return lines
    }
}
