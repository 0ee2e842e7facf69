import Glibc
import SystemPackage

/// What a worker wrote to stderr for the message that it works on: the end of it.
///
/// Stderr and stdout are two pipes. What was written before an answer may be read after it, and must not be taken for what the next
/// message brought about: when an answer comes, what lies in the pipe belongs to it. Used on the event loop that reads the pipe.
struct Complaints {
    private var tail = ByteTail()
    /// Bytes still in the pipe that belong to earlier messages.
    private var foreign = 0
    /// `nil` once the pipe is closed, and its number may be another one's.
    private var pipe: SystemPackage.FileDescriptor?

    /// - Parameter pipe: the end that is read from; whoever reads it closes it, and calls `ended` then.
    init(_ pipe: SystemPackage.FileDescriptor? = nil) {
        self.pipe = pipe
    }

    var text: String { tail.text }

    /// - Returns: how many of the bytes, the first ones, belong to messages that were answered before.
    mutating func append(_ bytes: [UInt8]) -> Int {
        let skipped = min(foreign, bytes.count)
        foreign -= skipped
        tail.append(bytes[skipped...])
        return skipped
    }

    /// A message was answered.
    mutating func answered() {
        tail = ByteTail()
        var count: Int32 = 0
        guard let pipe, ioctl(pipe.rawValue, UInt(FIONREAD), &count) == 0 else { return }
        foreign = Int(count)
    }

    /// Another message begins: what was written in between belongs to none.
    mutating func began() {
        tail = ByteTail()
    }

    mutating func ended() {
        pipe = nil
    }
}
