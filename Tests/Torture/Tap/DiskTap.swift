internal import FoundationEssentials
internal import TestSupport

/// A library that a program loads before all others: it stands between SQLite and the system, counts the calls on the database and the
/// files beside it, and lets the program die at one of them, or lets one fail, or writes all of them down.
public struct DiskTap: Sendable {
    private let library: PreloadedLibrary

    public static var isPossible: Bool { PreloadedLibrary.isPossible }

    /// Builds it.
    public init(folder: String) async throws {
        library = try await PreloadedLibrary("disk-tap", source: Self.source, folder: folder)
    }

    /// Calls by kind; as in the library.
    public enum Kind: Int, Sendable, CaseIterable {
        case open = 1
        case write, read, sync, truncate, unlink, rename, link, lock

        /// What changes a file, or makes it durable.
        public static let changes: [Kind] = [.open, .write, .sync, .truncate, .unlink, .rename, .link]
    }

    /// What a call answers instead of being made.
    public enum Failure: Sendable, Hashable, CaseIterable, CustomStringConvertible {
        case inputOutput, noSpace, short, locked

        public var description: String {
            switch self {
            case .inputOutput: "EIO"
            case .noSpace: "ENOSPC"
            case .short: "half of it"
            case .locked: "EAGAIN"
            }
        }

        var number: Int32 {
            switch self {
            case .inputOutput: 5
            case .noSpace: 28
            case .short: 0
            case .locked: 11
            }
        }

        /// The calls that can fail so.
        public var kinds: [Kind] {
            switch self {
            case .inputOutput: Kind.allCases.filter { $0 != .lock }
            case .noSpace: [.open, .write, .sync, .truncate, .rename, .link]
            case .short: [.read, .write]
            case .locked: [.lock]
            }
        }
    }

    /// The program dies at the call of that number, of those that change something: before it is made, or after.
    public func killing(at number: Int, afterwards: Bool, kinds: [Kind] = Kind.changes) -> [String: String] {
        environment(kinds, ["TAP_KILL_AT": "\(number)", "TAP_KILL_AFTER": afterwards ? "1" : "0"])
    }

    /// The call of that number fails, of those that can fail so; with `forEver` all after it, too.
    ///
    /// - Parameters:
    ///   - kinds: fewer than can.
    ///   - begin: calls are counted from when there is a file of that name.
    ///   - reached: a file of that name is made at the first call that fails.
    public func failing(
        at number: Int, _ failure: Failure, forEver: Bool, kinds: [Kind]? = nil, from begin: String? = nil, reached: String? = nil
    ) -> [String: String] {
        var environment = environment(
            kinds ?? failure.kinds,
            ["TAP_FAIL_AT": "\(number)", "TAP_FAILURE": "\(failure.number)", "TAP_FAIL_EVER": forEver ? "1" : "0"])
        environment["TAP_FROM"] = begin
        environment["TAP_COUNT"] = reached
        return environment
    }

    /// Every call that changes something, and every lock, is added to a file: see ``TapRecord``.
    public func recording(to file: String) -> [String: String] {
        environment(Kind.allCases, ["TAP_LOG": file])
    }

    private func environment(_ kinds: [Kind], _ more: [String: String]) -> [String: String] {
        let mask = kinds.reduce(0) { $0 | 1 << $1.rawValue }
        return more.merging(["LD_PRELOAD": library.path, "TAP_KINDS": "\(mask)"]) { $1 }
    }
}
