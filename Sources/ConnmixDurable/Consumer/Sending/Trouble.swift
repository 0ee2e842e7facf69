/// What is remembered of a command that had no answer, also while it waits in the file. Pure.
struct Trouble: Sendable {
    /// In flight at so many losses of a connection, a command goes alone.
    private static let lossesBeforeAlone = 3
    /// Alone in flight at so many, it is dead (promise P6).
    private static let lossesOfCulprit = 2

    /// Connections that were lost while it was in flight.
    private(set) var losses = 0
    /// Those of them on which it was alone.
    private(set) var lossesAlone = 0
    /// How often no answer came in time.
    private(set) var overdue = 0

    var mustGoAlone: Bool { losses >= Self.lossesBeforeAlone }
    var isCulprit: Bool { lossesAlone >= Self.lossesOfCulprit }

    mutating func lost(wasAlone: Bool) {
        losses += 1
        if wasAlone { lossesAlone += 1 }
    }

    mutating func wasOverdue() { overdue += 1 }

    /// What is said of a culprit.
    func reason(_ node: String, _ end: Disconnection) -> String {
        let code = end.closeCode.map { " (close code \($0))" } ?? ""
        return """
            it closes the connection\(code): \(losses) connections were lost while it was in flight, \
            \(lossesAlone) of them with nothing else; the last one to node \(node): \(end.reason)
            """
    }
}
