/// One thing that reads bytes from outside, and what must hold whatever they are.
///
/// Run by libFuzzer (`make fuzz`), and by `CorpusTests` on the corpus and on what becomes of it when bytes change.
struct FuzzTarget: Sendable, CustomStringConvertible {
    /// Of the target, and of its corpus' folder.
    let name: String
    /// Longer inputs teach nothing new.
    let limit: Int
    /// Throws `Broken` where something does not hold.
    let run: @Sendable (UnsafeRawBufferPointer) throws -> Void

    var description: String { name }

    static let all: [FuzzTarget] = [
        FuzzTarget(name: "base64-and-percent", limit: 512, run: EncodingTarget.run),
        FuzzTarget(name: "console", limit: 1_024, run: ConsoleTarget.run),
        FuzzTarget(name: "directory", limit: 1_024, run: DirectoryTarget.run),
        FuzzTarget(name: "flags", limit: 128, run: FlagTarget.run),
        FuzzTarget(name: "frame", limit: 2_048, run: FrameTarget.run),
        FuzzTarget(name: "http-answer", limit: 1_024, run: HTTPAnswerTarget.run),
        FuzzTarget(name: "http-request", limit: 1_024, run: HTTPRequestTarget.run),
        FuzzTarget(name: "import-line", limit: 1_024, run: ImportTarget.run),
        FuzzTarget(name: "json", limit: 1_024, run: JSONTarget.run),
        FuzzTarget(name: "json-path", limit: 1_024, run: JSONPathTarget.run),
        FuzzTarget(name: "names", limit: 1_024, run: NameTarget.run),
        FuzzTarget(name: "pem", limit: 2_048, run: PEMTarget.run),
        FuzzTarget(name: "request", limit: 1_024, run: RequestTarget.run),
        FuzzTarget(name: "websocket", limit: 1_024, run: WebSocketTarget.run),
        FuzzTarget(name: "worker", limit: 1_024, run: WorkerTarget.run),
    ]
}

/// Whether what takes long is done with every input, as in `make test`, or with one in four, as in `make fuzz`: reading the same in pieces
/// where a pipeline of channel handlers is built for it, the `--metrics` port, Foundation's reading.
enum Thoroughness {
    /// Set once, before the first input.
    nonisolated(unsafe) static var isWhole = true

    static func isDrawn(_ bytes: UnsafeRawBufferPointer) -> Bool { isWhole || bytes.hash % 4 == 0 }
}

/// What should hold and does not.
struct Broken: Error, CustomStringConvertible {
    let property: String

    var description: String { "does not hold: \(property)" }
}

func hold(_ condition: Bool, _ property: @autoclosure () -> String) throws {
    guard condition else { throw Broken(property: property()) }
}
