import SystemPackage

/// Writes data for people and programs.
struct StandardOutput {
    /// - Throws: `BrokenPipe`, or `Failure` where the disk or terminal fails.
    func write(_ text: String) throws {
        try write(Array(text.utf8))
    }

    /// An object in JSON and a line's end an element.
    func writeLines<Element>(_ elements: some Sequence<Element>, _ body: (inout JSONWriter, Element) -> Void) throws {
        for element in elements { try write(JSONWriter.line { body(&$0, element) }) }
    }

    /// Ids, a line each, however many there are.
    func write(ids: [Int64], asJSON: Bool) throws {
        for page in ids.pages(of: 1_000) {
            guard asJSON else {
                try write(page.map { "\($0)\n" }.joined())
                continue
            }
            try write(
                page.flatMap { id in
                    JSONWriter.line { writer in
                        writer.key("id"); writer.integer(id)
                    }
                })
        }
    }

    func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let most = try Self.room(rest.count)
            do {
                let count = try rest.withUnsafeBytes {
                    try FileDescriptor.standardOutput.write(.init(rebasing: $0.prefix(most)))
                }
                rest = rest.dropFirst(count)
            } catch Errno.resourceTemporarilyUnavailable {
                try Self.wait()
            } catch Errno.brokenPipe {
                throw BrokenPipe()
            } catch let error as Errno {
                throw Failure(.inputOutput, "cannot write the output: \(error)")
            }
        }
    }

    /// How much is written at once. Who listens to signals waits where they are heard, and then writes no more than a pipe takes.
    private static func room(_ count: Int) throws -> Int {
        guard Interruption.isWatched else { return count }
        try wait()
        return min(count, 4_096)
    }

    /// Waits for a reader that reads.
    ///
    /// - Throws: `CancellationError` where a signal has come and nobody reads.
    private static func wait() throws {
        // Where there is a reader the last words are written, too.
        while !FileDescriptor.standardOutput.isWritable(within: .milliseconds(100)) { try Interruption.check() }
    }
}
