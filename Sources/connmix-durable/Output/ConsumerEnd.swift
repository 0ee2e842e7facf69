import ConnmixDurable

extension StatusReport.Consumer {
    /// Why none runs, and since when.
    func whyNot(now: Int64) -> String {
        guard let ended else { return "no consumer has ever run on this file" }
        let age = Age.text(ended.at, now: now)
        let ago = ended.at > now ? age : "\(age) ago"
        return ended.isInOrder
            ? "stopped in order \(ago) (pid \(ended.pid))" : "its process (pid \(ended.pid)) died; last sign of life \(ago)"
    }
}

extension JSONWriter {
    /// How the newest run ended. The words are a contract.
    mutating func membersOfEnd(_ consumer: StatusReport.Consumer) {
        key("ended"); string(consumer.ended.map { $0.isInOrder ? "in order" : "died" })
        key("ended_at"); time(consumer.ended?.at)
        key("ended_pid"); integer(consumer.ended?.pid)
    }
}
