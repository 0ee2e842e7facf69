internal import FoundationEssentials

/// A folder for one test, removed afterwards.
public func withFolder<T>(_ body: (String) async throws -> T) async throws -> T {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("connmix-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder.path)
}

/// A place for one test's database, removed afterwards.
public func withTemporaryDatabase<T>(_ body: (String) async throws -> T) async throws -> T {
    try await withFolder { try await body($0 + "/test.sqlite3") }
}
