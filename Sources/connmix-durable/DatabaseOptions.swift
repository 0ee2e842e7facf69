import ArgumentParser
import ConnmixDurable
import Glibc
import Synchronization

/// Which file.
struct DatabaseOptions: ParsableArguments {
    @Option(help: "The database file. Default: $CONNMIX_DURABLE_DATABASE, else ./connmix-durable.sqlite3.")
    var database = Self.environment("CONNMIX_DURABLE_DATABASE") ?? "./connmix-durable.sqlite3"

    func validate() throws { Self.named = database }

    private static let name = Mutex<String?>(nil)

    /// The file of this process's command, for errors that name none.
    static var named: String? {
        get { name.withLock { $0 } }
        set { name.withLock { $0 = newValue } }
    }

    func inspector() throws -> Inspector { try Inspector(database: database) }

    var maintenance: DatabaseMaintenance { DatabaseMaintenance(database: database) }

    /// A variable's value; an empty one counts as missing.
    static func environment(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }
}

/// In which form.
struct OutputOptions: ParsableArguments {
    @Flag(help: "JSON: one object a line for lists, one object otherwise.")
    var json = false
}

/// Whether the payloads are shown.
struct PayloadOptions: ParsableArguments {
    @Flag(name: .customLong("no-payload"), help: "Leave the payloads out.")
    var withoutPayload = false
}
