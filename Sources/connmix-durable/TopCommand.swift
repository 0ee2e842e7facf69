import ArgumentParser
import ConnmixDurable
import Glibc

/// `connmix-durable top`
struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract:
            "A live view on the whole terminal: rates, nodes, both ledgers, parked lanes, causes, and what to do about them.",
        discussion: """
            Example:  connmix-durable top --database /var/lib/connmix/messages.sqlite3
            Keys: arrows (or j and k) choose a cause, enter lists its rows and then shows one, esc goes back. r retries and d
            discards (or cancels, in the outbox) what is chosen, a row or a whole cause; it asks first, and says how to take it
            back. ? shows all keys, space pauses, q quits.
            From 80 columns and 24 lines on; from 120 and 36 on it shows charts and more. NO_COLOR is heeded.
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
        let desk = try TopDesk(database: options.database)
        Interruption.watch()
        let screen = try ScreenSession(.full)
        let end: TopStop?
        do {
            defer { screen.end() }
            defer { desk.stop() }
            end = try run(desk, screen)
        }
        if let end { throw Failure(.interrupted, end.text) }
    }

    /// - Returns: how an action ended that was going on when somebody quit.
    private func run(_ desk: TopDesk, _ screen: consuming ScreenSession) throws -> TopStop? {
        var model = TopModel(interval: interval ?? Seconds(1), size: ScreenSession.size())
        var keys = KeyDecoder()
        let (hasColour, hasUnicode) = (Terminal.output.hasColour, Terminal.output.hasUnicode)
        var isDrawn = false
        while true {
            for event in desk.take() {
                model.happened(event)
                isDrawn = false
            }
            // The size is looked at ten times a second: no signal is needed to follow it.
            if case let size = ScreenSession.size(), size != model.size {
                model.size = size
                isDrawn = false
            }
            if let reading = desk.reading {
                if !model.wants(reading) { desk.giveUp() }
            } else if let read = model.read(at: .now) {
                desk.read(read, after: model.snapshot)
            }
            if !isDrawn {
                try screen.draw(TopScreen.lines(model, hasColour: hasColour, hasUnicode: hasUnicode))
                isDrawn = true
            }
            if Interruption.hasCome {
                if let stop = Self.stop(desk) { return stop }
                throw CancellationError()
            }
            let isBusy = desk.reading != nil || desk.isActing
            let patience: Duration = keys.isOpen ? .milliseconds(50) : isBusy ? .milliseconds(20) : model.patience(at: .now)
            let key: TopKey?
            switch screen.key(within: patience) {
            case .character(let byte): key = keys.byte(byte)
            case .nothing: key = keys.pause()
            case .end: return nil
            }
            guard let key else { continue }
            switch model.pressed(key) {
            case .quit: return Self.stop(desk)
            case .interrupt:
                if let stop = Self.stop(desk) { return stop }
                throw CancellationError()
            case .draw: isDrawn = false
            case .act(let selection):
                desk.act(selection)
                isDrawn = false
            case .nothing: break
            }
        }
    }

    /// Lets an action that is going on come to an end in order.
    ///
    /// - Returns: where it stopped, if it did.
    private static func stop(_ desk: TopDesk) -> TopStop? {
        desk.stop()
        while desk.isActing { usleep(10_000) }
        for case .ended(.failure(let stop)) in desk.take() { return stop }
        return nil
    }
}
