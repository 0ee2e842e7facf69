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
              connmix-durable status --check --database /var/lib/connmix/messages.sqlite3

            --check is for health checks of containers: it asks whether the process lives, not whether there is a node to consume, which a
            restart would not bring (that is /ready of consume --metrics). One that opens its file or brings it up to date lives.
            Rates need two looks: --watch shows them from the second on.
            """)

    @OptionGroup var options: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "Go on until Ctrl-C: drawn in place on a terminal; with --json an object a look.")
    var watch = false
    @Flag(help: "End with exit code 1 where no consumer runs, or where it has stood still for 15 seconds.")
    var check = false
    @Option(help: "Seconds between looks. (1)")
    var interval: Seconds?

    func validate() throws {
        guard watch || interval == nil else { throw ValidationError("--interval says how often, but only --watch looks again") }
        guard !watch || !check else { throw ValidationError("--check looks once and --watch again and again; name one of them") }
        guard interval.map({ $0.duration >= .milliseconds(100) }) ?? true else {
            throw ValidationError("--interval is \(interval?.description ?? ""); it must be at least 0.1")
        }
        guard !watch || output.json || Terminal.output.width != nil else {
            throw ValidationError("--watch draws on a terminal and this is none; add --json for a stream of objects")
        }
    }

    func run() throws {
        let inspector: Inspector
        do {
            inspector = try options.inspector()
        } catch let error as ConnmixError where check && error.code == .olderDatabase && options.maintenance.isOwned {
            // It lives, and has work: a large file takes its time.
            if !output.json { try StandardOutput().write("a consumer is bringing \(options.database) up to date\n") }
            return
        }
        guard watch else {
            let snapshot = try StatusSnapshot(inspector, after: nil)
            try show(snapshot)
            if check, let trouble = Self.trouble(snapshot.status) { throw Failure(.failed, trouble) }
            return
        }
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
                let text = terminal.fitting(clock + "\n" + StatusScreen.text(snapshot, terminal))
                try screen.draw(text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
            }
        }
    }

    /// What is wrong with the consumer's process; `nil` where it lives. One that opens the file has said nothing yet, and has no age.
    static func trouble(_ status: StatusReport) -> String? {
        guard status.consumer.isRunning else { return "no consumer runs on \(status.database.path)" }
        guard let age = status.lossBound.age, age >= 15_000_000 else { return nil }
        let process = status.consumer.pid.map { "process \($0)" } ?? "its process"
        return "the consumer stands still: \(process) has said nothing for \(age / 1_000_000) s"
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
