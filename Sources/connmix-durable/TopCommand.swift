import ArgumentParser
import ConnmixDurable

/// `connmix-durable top`
struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "A live view on the whole terminal: rates, nodes, both ledgers, parked lanes, what dies.",
        discussion: """
            Example:  connmix-durable top --database /var/lib/connmix/messages.sqlite3
            Keys: q quits, space pauses. From 80 columns and 24 lines on; NO_COLOR is heeded.
            """)

    @OptionGroup var options: DatabaseOptions
    @Option(help: "Seconds between looks. (1)")
    var interval: Seconds?

    func validate() throws {
        guard interval.map({ $0.duration >= .milliseconds(100) }) ?? true else {
            throw ValidationError("--interval is \(interval?.description ?? ""); it must be at least 0.1")
        }
        guard Terminal.output.width != nil, Terminal(0).width != nil else {
            throw ValidationError("top draws on a terminal and this is none; use status --watch --json")
        }
        guard Terminal.output.canBeDrawnOn else {
            throw ValidationError("top needs a terminal whose cursor moves (TERM is dumb or not set); use status --watch")
        }
    }

    func run() throws {
        let inspector = try options.inspector()
        Interruption.watch()
        ThreadPriority.lower()
        let screen = try ScreenSession(.full)
        defer { screen.end() }
        try run(inspector, screen)
    }

    private func run(_ inspector: Inspector, _ screen: consuming ScreenSession) throws {
        let interval = interval ?? Seconds(1)
        var model = TopModel(interval: interval.description)
        var next = ContinuousClock.now
        var size = ScreenSession.size()
        let (hasColour, hasUnicode) = (Terminal.output.hasColour, Terminal.output.hasUnicode)
        while true {
            try Interruption.check()
            if !model.isPaused, ContinuousClock.now >= next {
                look(inspector, &model)
                next = .now + interval.duration
            }
            try screen.draw(
                TopScreen.lines(model, width: size.width, height: size.height, hasColour: hasColour, hasUnicode: hasUnicode))
            waiting: while true {
                try Interruption.check()
                // The size is looked at ten times a second: no signal is needed to follow it.
                switch screen.key(within: min(.milliseconds(100), max(.zero, next - .now))) {
                case .character(let key):
                    switch model.pressed(key) {
                    case .quit: return
                    case .interrupt: throw CancellationError()
                    case .draw: break waiting
                    case .nothing: break
                    }
                case .end: return
                case .nothing: break
                }
                let new = ScreenSession.size()
                if new != size {
                    size = new
                    break waiting
                }
                if !model.isPaused, ContinuousClock.now >= next { break waiting }
                if model.isPaused { next = max(next, .now + .milliseconds(100)) }
            }
        }
    }

    /// What goes wrong is shown, and looked at again: a disk that fails for a moment must not end the view.
    private func look(_ inspector: Inspector, _ model: inout TopModel) {
        do {
            let snapshot = try StatusSnapshot(inspector, after: model.snapshot)
            model.looked(snapshot, lanes: snapshot.activity.parkedLanes > 0 ? try inspector.parkedLanes() : [])
        } catch {
            model.failed((error as? ConnmixError)?.message ?? "\(error)")
        }
    }
}
