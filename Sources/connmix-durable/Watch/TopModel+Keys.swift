import ConnmixDurable

/// What keys do.
extension TopModel {
    enum KeyAction: Equatable {
        case quit
        case interrupt
        case draw
        /// What was asked is to be done.
        case act(TopSelection)
        case nothing
    }

    mutating func pressed(_ key: TopKey) -> KeyAction {
        if key == .interrupt { return .interrupt }
        if case .asking(let selection) = work { return answer(key, selection) }
        if isHelpShown {
            // Any key leaves it.
            isHelpShown = false
            return .draw
        }
        switch key {
        case .character("q"), .character("Q"): return .quit
        case .character(" "): isPaused.toggle()
        case .character("?"), .character("h"): (isHelpShown, note) = (true, nil)
        case .up, .character("k"): move(by: -1)
        case .down, .character("j"): move(by: 1)
        case .pageUp: move(by: -page)
        case .pageDown: move(by: page)
        case .home, .character("g"): move(by: -Self.far)
        case .end, .character("G"): move(by: Self.far)
        case .enter, .right, .character("l"): open()
        case .escape, .left: close()
        case .character("r"): order(.retry)
        case .character("d"): order(chosenLedger == .outbox ? .cancel : .discard)
        case .character, .interrupt: return .nothing
        }
        return .draw
    }

    private static let far = 1 << 30

    private var page: Int { max(1, size.height / 2) }

    private mutating func answer(_ key: TopKey, _ selection: TopSelection) -> KeyAction {
        switch key {
        case .character("y"), .character("Y"):
            work = .acting(selection, done: 0)
            note = nil
            return .act(selection)
        case .character("n"), .character("N"), .character("q"), .escape, .left:
            work = .nothing
            note = Note(text: "nothing was changed", colour: .dim)
            return .draw
        default: return .nothing
        }
    }

    // MARK: Walking

    private mutating func move(by count: Int) {
        if let opened {
            let last = TopScreen.lastOffset(self)
            self.opened?.offset = max(0, min(opened.offset + count, last))
        } else if let list {
            self.list?.index = max(0, min(list.index + count, (list.rows?.count ?? 0) - 1))
        } else {
            index = max(0, min(index + count, (causes?.count ?? 0) - 1))
        }
    }

    private mutating func open() {
        guard opened == nil else { return }
        if list != nil {
            if let chosenRow { opened = Opened(row: chosenRow.id) }
        } else if let chosenCause {
            list = List(cause: chosenCause)
        }
        note = nil
    }

    private mutating func close() {
        note = nil
        if case .selecting = work {
            work = .nothing
        } else if opened != nil {
            opened = nil
        } else {
            list = nil
        }
    }

    // MARK: Acting

    private var chosenLedger: Ledger? {
        opened?.row.ledger ?? list?.cause.ledger ?? chosenCause?.ledger
    }

    private mutating func order(_ verb: OperatorVerb) {
        switch work {
        case .nothing, .asking, .selecting: break
        case .acting:
            note = Note(text: "one thing after the other: an action is going on", colour: .yellow)
            return
        }
        if let row = opened?.row ?? (list == nil ? nil : chosenRow?.id) {
            work = .asking(TopSelection(order: TopOrder(verb: verb, target: .row(row)), ids: [row.id], isCut: false))
        } else if list == nil, let chosenCause {
            work = .selecting(TopOrder(verb: verb, target: .cause(chosenCause.id)))
        } else {
            note = Note(text: "nothing is chosen", colour: .yellow)
            return
        }
        note = nil
    }
}
