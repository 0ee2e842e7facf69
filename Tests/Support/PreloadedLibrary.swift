internal import FoundationEssentials
internal import Subprocess
internal import SystemPackage

/// A library in C that a child process loads before all others, so that it stands before the system's calls there.
public struct PreloadedLibrary: Sendable {
    /// Whether there is a compiler.
    public static let isPossible = FileManager.default.isExecutableFile(atPath: "/usr/bin/cc")

    /// For `LD_PRELOAD`.
    public let path: String

    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// Builds it.
    public init(_ name: String, source: String, folder: String) async throws {
        path = "\(folder)/\(name).so"
        let file = "\(folder)/\(name).c"
        try Data(source.utf8).write(to: URL(fileURLWithPath: file))
        let result = try await run(
            .path("/usr/bin/cc"), arguments: ["-shared", "-fPIC", "-O1", "-o", path, file], output: .discarded,
            error: .string(limit: 65_536))
        guard result.terminationStatus == .exited(0) else { throw Failure(description: result.standardError) }
    }
}
