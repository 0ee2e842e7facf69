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
        case .adoption(let adoption):
            key("kind"); string("adoption")
            key("id"); integer(adoption.id)
            key("host"); string(adoption.host)
            key("began_at"); time(adoption.copiedAt)
            key("ended_at"); time(adoption.adoptedAt)
            key("lasted"); number(Double(max(0, adoption.adoptedAt - adoption.copiedAt)) / 1_000_000)
            key("first_entry"); integer(adoption.firstEntry)
            key("first_command"); integer(adoption.firstCommand)
            key("reason"); string(LossTable.words(adoption))
            key("may_be_lost"); string(adoption.mayBeLost)
        }
    }
}
