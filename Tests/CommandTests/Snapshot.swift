import FoundationEssentials
import Testing

/// Compares a text with the file of that name in `Snapshots/`. With `UPDATE_SNAPSHOTS` in the environment the file is written.
func expectSnapshot(_ name: String, _ text: String, location: SourceLocation = #_sourceLocation) throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Snapshots")
    let file = folder.appendingPathComponent(name + ".txt")
    if ProcessInfo.processInfo.environment["UPDATE_SNAPSHOTS"] != nil {
        try Data(text.utf8).write(to: file)
    }
    let kept = String(decoding: try Data(contentsOf: file), as: UTF8.self)
    #expect(text == kept, "\(name) is not what it was:\n\(text)", sourceLocation: location)
}
