import ArgumentParser
import ConnmixDurable

/// `connmix-durable status`
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "One screen: is a consumer running, its nodes, journal and outbox by state, what died lately, the file.",
        discussion: """
            Examples:
              connmix-durable status --database /var/lib/connmix/messages.sqlite3 --json
              connmix-durable status --watch

            Rates need two looks: --watch shows them from the second on.
            """)

    @OptionGroup var options: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "Go on until Ctrl-C: drawn in place on a terminal; with --json an object a look.")
    var watch = false
    @Option(help: "Seconds between looks. (1)")
    var interval: Seconds?

    func validate() throws {
        guard watch || interval == nil else { throw ValidationError("--interval says how often, but only --watch looks again") }
        guard interval.map({ $0.duration >= .milliseconds(100) }) ?? true else {
            throw ValidationError("--interval is \(interval?.description ?? ""); it must be at least 0.1")
        }
        guard !watch || output.json || Terminal.output.width != nil else {
            throw ValidationError("--watch draws on a terminal and this is none; add --json for a stream of objects")
        }
    }

    func run() throws {
        let inspector = try options.inspector()
        guard watch else { return try show(try StatusSnapshot(inspector, after: nil)) }
        Interruption.watch()
        ThreadPriority.lower()
        if output.json {
            try look(inspector) { try show($0) }
        } else if !Terminal.output.canBeDrawnOn {
            // A terminal without a cursor: one look below the other.
            try look(inspector) { snapshot in
                try StandardOutput().write("\(Timestamp.text(snapshot.status.takenAt))\n")
                try show(snapshot)
            }
        } else {
            var screen = try ScreenSession(.inPlace)
            defer { screen.end() }
            try look(inspector) { snapshot in
                let size = ScreenSession.size()
                let terminal = Terminal(
                    width: size.width, hasColour: Terminal.output.hasColour, hasUnicode: Terminal.output.hasUnicode)
                let clock = terminal.paint("\(Timestamp.text(snapshot.status.takenAt)), Ctrl-C ends", .dim)
                try screen.draw(
                    [clock]
                        + StatusScreen.text(snapshot, terminal).split(separator: "\n", omittingEmptySubsequences: false).map(
                            String.init))
            }
        }
    }

    /// Looks again and again.
    ///
    /// - Throws: `CancellationError` once a signal has come.
    private func look(_ inspector: Inspector, _ show: (StatusSnapshot) throws -> Void) throws -> Never {
        var last: StatusSnapshot?
        while true {
            let snapshot = try StatusSnapshot(inspector, after: last)
            try show(snapshot)
            last = snapshot
            try Interruption.pause(interval?.duration ?? .seconds(1))
        }
    }

    private func show(_ snapshot: StatusSnapshot) throws {
        try output.json
            ? StandardOutput().write(JSONWriter.line { $0.members(of: snapshot) })
            : StandardOutput().write(StatusScreen.text(snapshot, .output))
    }
}
