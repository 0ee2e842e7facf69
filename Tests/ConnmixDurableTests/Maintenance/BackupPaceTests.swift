import Testing

@testable import ConnmixDurable

@Suite("the pace of a backup")
struct BackupPaceTests {
    @Test("a small file is copied from one snapshot")
    func small() {
        var pace = BackupPace(pages: BackupPace.smallPages)
        #expect(pace.isHeld)
        #expect(pace.stepped(copied: 256) == .goOn)
    }

    @Test("a large file that nobody writes is copied with pauses and without a lock")
    func quiet() {
        var pace = BackupPace(pages: BackupPace.smallPages + 1)
        for step in 1...40 { #expect(pace.stepped(copied: step * 256) == .pause) }
        #expect(!pace.isHeld)
    }

    @Test("a large file that is written is held after two restarts, so that the copy ends")
    func busy() {
        var pace = BackupPace(pages: 1_000_000)
        #expect(pace.stepped(copied: 256) == .pause)
        #expect(pace.stepped(copied: 512) == .pause)
        #expect(pace.stepped(copied: 256) == .pause)
        #expect(pace.stepped(copied: 256) == .hold)
        #expect(pace.stepped(copied: 256) == .goOn)
        #expect(pace.isHeld)
    }
}
