extension Relay {
    /// The wall clock was set, and says `now`: what is left of a wait stays. Times that users gave mean the wall clock.
    mutating func clockJumped(by jump: Int64, now: Int64) {
        routes.shift(by: jump)
        flights.shift(by: jump)
        gone.shift(by: jump)
        doubts.shift(by: jump)
        // They look again at once, and stand aside again where they must.
        lookAgain(from: aside.wakeAll())
        endsInFile.clockJumped()
        waiting = Timeline()
        stalled = []
        for id in window.confirmedIDs {
            window[id]?.sticksTo?.until += jump
            if jump < 0, let item = window[id], item.waitsForRepeat, item.availableAt > now {
                window[id]?.availableAt = max(now, item.availableAt + jump)
            }
            if !isUnderWay(id) { window.makeReady(id) }
        }
    }
}
