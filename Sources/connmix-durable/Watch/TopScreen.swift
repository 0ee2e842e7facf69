import ConnmixDurable

/// `top` as lines of a terminal. Pure.
struct TopScreen {
    static let leastWidth = 80
    static let leastHeight = 24

    let model: TopModel
    let terminal: Terminal
    let width: Int
    let height: Int

    /// Whether there is room for more than the compact screen.
    var isLarge: Bool { width >= 120 && height >= 36 }

    /// - Returns: at most as many lines as the model's size has, none wider than that.
    static func lines(_ model: TopModel, hasColour: Bool, hasUnicode: Bool = true) -> [String] {
        TopScreen(model, hasColour: hasColour, hasUnicode: hasUnicode).lines
    }

    private init(_ model: TopModel, hasColour: Bool, hasUnicode: Bool) {
        self.model = model
        (width, height) = model.size
        terminal = Terminal(width: width, hasColour: hasColour, hasUnicode: hasUnicode)
    }

    /// The furthest that a row which is shown whole can be scrolled.
    static func lastOffset(_ model: TopModel) -> Int {
        let screen = TopScreen(model, hasColour: false, hasUnicode: true)
        return max(0, screen.detailLines.count - screen.detailRoom)
    }

    private var lines: [String] {
        guard width >= Self.leastWidth, height >= Self.leastHeight else {
            return [
                ScreenLine("top needs \(Self.leastWidth) columns and \(Self.leastHeight) lines;", .yellow),
                ScreenLine("here are \(width) and \(height). q quits", .yellow),
            ].prefix(height).map { $0.text(terminal) }
        }
        guard let snapshot = model.snapshot else {
            let text = model.trouble.map { "cannot look: \($0)" } ?? "looking ..."
            return [ScreenLine(text, model.trouble == nil ? nil : .red).text(terminal)] + empty(height - 2) + [
                footer.text(terminal)
            ]
        }
        let body: [String] =
            if model.isHelpShown {
                help
            } else if model.opened != nil {
                detail
            } else if let list = model.list {
                rows(list, snapshot)
            } else {
                overview(snapshot, room: bodyRoom)
            }
        let top = [header(snapshot), alert(snapshot)].map { $0.text(terminal) }
        let shown = top + body.prefix(bodyRoom)
        return shown + empty(height - shown.count - bottom.count) + bottom.map { $0.text(terminal) }
    }

    /// Lines between the first two and what stands at the bottom.
    var bodyRoom: Int { max(0, height - 2 - bottom.count) }

    private func empty(_ count: Int) -> [String] { Array(repeating: "", count: max(0, count)) }

    // MARK: Above

    private func header(_ snapshot: StatusSnapshot) -> ScreenLine {
        let (status, consumer) = (snapshot.status, snapshot.status.consumer)
        var right = ScreenLine()
        let colour: Colour = consumer.isRunning ? .green : .yellow
        right.add(
            (terminal.hasUnicode ? consumer.isRunning ? "● " : "○ " : "")
                + (consumer.isRunning ? "running, pid \(consumer.pid ?? 0)" : "not running"), colour)
        if consumer.isRunning, let since = consumer.since, since != 0 {
            right.add(" for \(Age.text(since, now: status.takenAt))")
        }
        right.add("  " + Timestamp.text(status.takenAt).dropFirst(11).prefix(8), .dim)
        let room = width - right.width
        var line = ScreenLine(status.database.path.escapedForTerminal.cut(to: room - 1), .bold)
        line.advance(to: room)
        line.add(right)
        return line
    }

    /// What somebody should look at first.
    private func alert(_ snapshot: StatusSnapshot) -> ScreenLine {
        if let trouble = model.trouble { return ScreenLine("cannot look: \(trouble)", .red) }
        let (status, consumer) = (snapshot.status, snapshot.status.consumer)
        guard consumer.isRunning else { return ScreenLine(consumer.whyNot(now: status.takenAt), .yellow) }
        if let paused = consumer.paused { return ScreenLine("nothing is taken: \(paused)", .red) }
        if let trouble = status.handlerTrouble {
            return ScreenLine("handlers cannot run: \(trouble.reason.escapedForTerminal)", .red)
        }
        if !status.nodes.contains(where: { $0.state == .consuming }) {
            return ScreenLine(
                status.centerText.map { "no node is being consumed: center \($0.escapedForTerminal)" }
                    ?? (status.nodes.isEmpty ? "no node is known: is the center reachable?" : "no node is being consumed"), .red)
        }
        if let held = status.held { return ScreenLine(held.text(now: status.takenAt), held.isAll ? .red : .yellow) }
        return ScreenLine()
    }

    // MARK: Below

    /// What was done, and what can be.
    private var bottom: [ScreenLine] {
        let note = model.note.map { note in
            // The end of it says how to take it back: it goes over as many lines as it needs.
            note.text.escapedForTerminal.wrapped(to: width).prefix(3).map { ScreenLine($0, note.colour) }
        }
        return (note ?? []) + [footer]
    }

    private var footer: ScreenLine {
        switch model.work {
        case .asking(let selection):
            var line = ScreenLine(selection.question, .bold)
            line.add(" y/n", .yellow)
            return line
        case .selecting(let order):
            return ScreenLine("looking for what to \(order.verb.rawValue) ...  esc gives up", .yellow)
        case .acting(let selection, let done):
            let rows = selection.order.ledger.rows(selection.ids.count)
            return ScreenLine("\(done) of \(rows) \(selection.order.verb.past) ...  q stops", .yellow)
        case .nothing: break
        }
        var line = ScreenLine("q quit", .dim)
        if model.isPaused { line.add("  paused", .yellow) }
        // What does not fit is left out: ? shows all keys.
        for key in keys where line.width + 2 + key.displayWidth <= width { line.add("  " + key, .dim) }
        return line
    }

    private var keys: [String] {
        let pause = model.isPaused ? ["space goes on"] : ["space pause", "every \(model.interval) s"]
        if model.isHelpShown { return ["any key goes back"] + pause }
        let walking: [String] =
            if let opened = model.opened {
                ["\(arrows) scroll"] + verbs(opened.row.ledger) + ["esc back"]
            } else if let list = model.list {
                ["\(arrows) choose", "enter show"] + verbs(list.cause.ledger) + ["esc back"]
            } else if let cause = model.chosenCause {
                ["\(arrows) choose", "enter list"] + verbs(cause.ledger)
            } else {
                []
            }
        return ["? keys"] + walking + pause
    }

    private var arrows: String { terminal.hasUnicode ? "↑↓" : "j k" }

    private func verbs(_ ledger: Ledger) -> [String] { ["r retry", ledger == .outbox ? "d cancel" : "d discard"] }
}
