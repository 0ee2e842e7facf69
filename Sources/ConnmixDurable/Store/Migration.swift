/// A step of the schema: one file of `migrations/`, embedded in the binary.
struct Migration: Equatable {
    /// One that a file has.
    struct Applied {
        let version: Int64
        let name: String
        /// Microseconds since 1970.
        let at: Int64
    }

    let version: Int64
    let name: String
    let sql: String

    /// Every embedded migration, oldest first. A new file gets its line here; a test compares both with the folder.
    static let all: [Migration] = [
        Migration("0001_foundation.sql", PackageResources._001_foundation_sql),
        Migration("0002_changes_and_evidence.sql", PackageResources._002_changes_and_evidence_sql),
        Migration("0003_waiting.sql", PackageResources._003_waiting_sql),
        Migration("0004_causes.sql", PackageResources._004_causes_sql),
        Migration("0005_replayed.sql", PackageResources._005_replayed_sql),
        Migration("0006_work.sql", PackageResources._006_work_sql),
        Migration("0007_pauses.sql", PackageResources._007_pauses_sql),
        Migration("0008_adoption.sql", PackageResources._008_adoption_sql),
    ]

    init(_ name: String, _ bytes: [UInt8]) {
        self.init(name: name, sql: String(decoding: bytes, as: UTF8.self))
    }

    init(name: String, sql: String) {
        self.version = Int64(name.prefix { $0.isNumber }) ?? 0
        self.name = name
        self.sql = sql
    }
}
