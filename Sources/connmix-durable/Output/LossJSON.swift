import ConnmixDurable

/// The keys of `gaps --json`; a contract.
extension JSONWriter {
    mutating func members(of loss: Loss) {
        let now = Timestamp.now()
        switch loss {
        case .gap(let gap):
            key("kind"); string("gap")
            key("id"); integer(gap.id)
            key("run"); integer(gap.run)
            key("node"); string(gap.node)
            key("address"); string(gap.address)
            key("began_at"); time(gap.beganAt)
            key("ended_at"); time(gap.endedAt)
            key("lasted"); number(Double(gap.lasted(now: now)) / 1_000_000)
            key("times"); integer(gap.times)
            key("reason"); string(gap.reason)
            key("may_be_lost"); string(gap.mayBeLost)
        case .uncleanEnd(let epoch):
            key("kind"); string("unclean_end")
            key("id"); integer(epoch.id)
            key("run"); integer(epoch.run)
            key("node"); string(epoch.node)
            key("address"); string(epoch.address)
            key("began_at"); time(epoch.openedAt)
            key("consuming_at"); time(epoch.consumingAt)
            key("ended_at"); time(epoch.closedAt)
            key("frames"); integer(epoch.frames)
            key("bytes"); integer(epoch.bytes)
            key("first_entry"); integer(epoch.firstEntry)
            key("last_entry"); integer(epoch.lastEntry)
            key("reason"); string(epoch.reason)
            key("may_be_lost"); string(epoch.mayBeLost)
        }
    }
}
