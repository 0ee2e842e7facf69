import Testing

@testable import ConnmixDurable

@Suite("keys that rest")
struct RestingKeysTests {
    private let a = OrderKey.lane("a")
    private let b = OrderKey.lane("b")

    @Test("until a time: it wakes then, and not before")
    func time() {
        var keys = RestingKeys()
        keys.rest(a, until: 10)
        #expect(keys.contains(a) && !keys.contains(b))
        #expect(keys.hasTimes && !keys.isUntilWoken(a))
        #expect(keys.nextWakeUp == 10)
        let isEarly = keys.wakeDue(now: 9)
        #expect(!isEarly && keys.contains(a))
        let isDue = keys.wakeDue(now: 10)
        #expect(isDue && !keys.contains(a) && !keys.hasTimes)
    }

    @Test("the earliest of several times counts, and the later ones mean nothing when they come")
    func earliest() {
        var keys = RestingKeys()
        keys.rest(a, until: 20)
        keys.rest(a, until: 10)
        keys.rest(a, until: 30)
        #expect(keys.nextWakeUp == 10)
        let isDue = keys.wakeDue(now: 10)
        #expect(isDue)
        keys.rest(a, until: 40)
        let isOld = keys.wakeDue(now: 30)
        #expect(!isOld && keys.contains(a), "it rests anew, until a later time")
        let isDueAgain = keys.wakeDue(now: 40)
        #expect(isDueAgain && keys.nextWakeUp == nil)
    }

    @Test("until somebody acts: no time wakes it, and a time that it rests until, too, stays")
    func untilWoken() {
        var keys = RestingKeys()
        keys.rest(a)
        keys.rest(a, until: 10)
        keys.rest(b)
        #expect(keys.isUntilWoken(a))
        let isDue = keys.wakeDue(now: 10)
        #expect(isDue && keys.contains(a))
        keys.rest(a, until: 20)
        let woken = [keys.wake(a), keys.wake(a)]
        #expect(woken == [true, false])
        #expect(keys.contains(a) && keys.contains(b))
    }

    @Test("forgotten times leave those that rest until somebody acts")
    func forgotten() {
        var keys = RestingKeys()
        keys.rest(a, until: 10)
        keys.rest(b)
        keys.forgetTimes()
        #expect(!keys.contains(a) && keys.contains(b))
        #expect(keys.nextWakeUp == nil && !keys.hasTimes)
    }
}
