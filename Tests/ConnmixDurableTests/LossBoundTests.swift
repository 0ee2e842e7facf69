import Testing

@testable import ConnmixDurable

@Suite("the loss bound")
struct LossBoundTests {
    @Test("the bound is said in words, and a power cut is named where it may take commits")
    func bound() {
        let full = LossBound(isRunning: true, now: 1, high: 240, limit: 32_768, survivesPowerCut: true)
        #expect(
            full.text
                == "a crash now loses 1 message read and not committed (the most in the newest run: 240; the limit: 32768), "
                + "and what the sockets hold unread")
        let normal = LossBound(isRunning: false, now: 0, high: 240, limit: 32_768, survivesPowerCut: false)
        #expect(normal.text.hasPrefix("no consumer runs"))
        #expect(normal.text.contains("a power cut may also lose the commits since the last checkpoint or sync"))
        let none = LossBound(isRunning: false, now: 0, high: 0, limit: nil, survivesPowerCut: nil)
        #expect(none.text == "no consumer has run yet")
    }
}
