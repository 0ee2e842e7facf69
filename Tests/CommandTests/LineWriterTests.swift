import Glibc
import SystemPackage
import Testing

@testable import connmix_durable

@Suite("lines for a reader that may not read", .timeLimit(.minutes(1)))
struct LineWriterTests {
    @Test("nobody waits for the reader; what is dropped is counted and said where it is missing")
    func drops() throws {
        let (readEnd, writeEnd) = try FileDescriptor.pipe()
        let writer = LineWriter(writeEnd, limit: 10_000) { "dropped \($0)\n" }
        let lines = (0..<1_000).map { "\($0) " + String(repeating: "x", count: 994) + "\n" }
        for line in lines { writer.write(line) }
        var (text, buffer) = ("", [UInt8](repeating: 0, count: 65_536))
        func read(until mark: String) throws {
            while !text.contains(mark) {
                let count = try buffer.withUnsafeMutableBytes { try readEnd.read(into: $0) }
                text += String(decoding: buffer[..<count], as: UTF8.self)
            }
        }
        try read(until: "dropped")
        writer.write("after\n")
        try read(until: "after\n")
        let got = text.split(separator: "\n")
        let kept = got.compactMap { Int($0.prefix { $0 != " " }) }
        let dropped = got.compactMap { $0.hasPrefix("dropped ") ? Int($0.dropFirst(8)) : nil }
        #expect(kept.count >= 10 && kept.count < 1_000 && kept.count + dropped.reduce(0, +) == 1_000)
        #expect(kept.prefix(10) == Array(0..<10)[...] && kept == kept.sorted(), "those that came first are kept")
        #expect(text.hasSuffix("\nafter\n"))
        try readEnd.close()
    }

    @Test("the end waits for what is not written yet, and not for ever")
    func flush() throws {
        let (readEnd, writeEnd) = try FileDescriptor.pipe()
        let writer = LineWriter(writeEnd) { "\($0)\n" }
        writer.write("one\n")
        writer.flush(within: .seconds(30))
        var count: Int32 = 0
        #expect(ioctl(readEnd.rawValue, UInt(FIONREAD), &count) == 0 && count == 4)
        writer.write(String(repeating: "x", count: 200_000))
        writer.flush(within: .milliseconds(20))
        #expect(ioctl(readEnd.rawValue, UInt(FIONREAD), &count) == 0 && count <= 65_536)
        try readEnd.close()
    }
}
