/// A bar on a terminal, nothing elsewhere.
struct DemoProgress {
    let total: Int
    let record: DemoRecord

    private static let width = 30

    /// Until the calling task is cancelled.
    func run() async {
        let terminal = Terminal.error
        guard terminal.width != nil else { return }
        let start = ContinuousClock.now
        while !Task.isCancelled {
            draw(since: start, terminal)
            try? await Task.sleep(for: .milliseconds(100))
        }
        StandardError.write("\r\u{1B}[K")
    }

    private func draw(since start: ContinuousClock.Instant, _ terminal: Terminal) {
        let sent = record.sentCount
        let filled = sent * Self.width / max(1, total)
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: Self.width - filled)
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let rate = Int(Double(sent) / max(0.1, seconds))
        let note = sent == total ? "settling" : "\(rate)/s"
        StandardError.write("\r\u{1B}[K" + "\(bar) \(sent)/\(total) \(note)".cut(to: (terminal.width ?? 80) - 1))
    }
}
