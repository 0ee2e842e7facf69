/// One thing that reads bytes from outside, and what must hold whatever they are.
///
/// Run by libFuzzer (`make fuzz`), and by `CorpusTests` on the corpus and on what becomes of it when bytes change.
struct FuzzTarget: Sendable, CustomStringConvertible {
    /// Of the target, and of its corpus' folder.
    let name: String
    /// Longer inputs teach nothing new.
    var limit = 4_096
    /// Throws `Broken` where something does not hold.
    let run: @Sendable (UnsafeRawBufferPointer) throws -> Void

    var description: String { name }

    static let all: [FuzzTarget] = [
        FuzzTarget(name: "base64-and-percent", limit: 512, run: EncodingTarget.run),
        FuzzTarget(name: "directory", run: DirectoryTarget.run),
        FuzzTarget(name: "flags", limit: 128, run: FlagTarget.run),
        FuzzTarget(name: "frame", run: FrameTarget.run),
        FuzzTarget(name: "http-answer", run: HTTPAnswerTarget.run),
        FuzzTarget(name: "http-request", run: HTTPRequestTarget.run),
        FuzzTarget(name: "import-line", run: ImportTarget.run),
        FuzzTarget(name: "json", run: JSONTarget.run),
        FuzzTarget(name: "json-path", run: JSONPathTarget.run),
        FuzzTarget(name: "names", limit: 1_024, run: NameTarget.run),
        FuzzTarget(name: "pem", run: PEMTarget.run),
        FuzzTarget(name: "request", run: RequestTarget.run),
        FuzzTarget(name: "websocket", run: WebSocketTarget.run),
        FuzzTarget(name: "worker", run: WorkerTarget.run),
    ]
}

/// What should hold and does not.
struct Broken: Error, CustomStringConvertible {
    let property: String

    var description: String { "does not hold: \(property)" }
}

func hold(_ condition: Bool, _ property: @autoclosure () -> String) throws {
    guard condition else { throw Broken(property: property()) }
}
