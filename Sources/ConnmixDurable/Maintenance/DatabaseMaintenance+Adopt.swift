internal import Glibc

extension DatabaseMaintenance {
    /// Lets the file, a copy, take the place of one that was lost, which may have been another machine's.
    ///
    /// What the file says of its newest run is closed as that of a process that died: connections, times without consumption, claimed
    /// entries, which are pending again. Nobody becomes suspect: what handlers had in hand when the copy was made says nothing of what
    /// ended the process. Ids that the lost file may have given since are left out, and `Inspector.adoptions` (`gaps` of the command line)
    /// says from when to when all is unknown: what came in then is in neither file, and what was open in the copy may have been handled and
    /// sent already. Commands that may be sent at most once and wait in the copy are not sent: they end as ``CommandState/unknown``, for an
    /// operator to decide.
    ///
    /// The consumer of the lost file must not run any more: it would send the same commands.
    ///
    /// - Parameters:
    ///   - copy: copied to this path first, as `backup` does; `nil` where this path is the copy.
    ///   - reason: why, for those who look later.
    ///   - watcher: told of the progress of copying and checking, where there is a copy to be made; its error ends the copying and is thrown.
    /// - Throws: `busy` where a consumer owns the file; what `backup` says where there is a copy to be made, such as `cannotCreate` where
    ///   this path, or a log beside it, exists.
    @discardableResult
    public func adopt(
        copy: String? = nil, reason: String? = nil, _ watcher: Watcher = { _ in }
    ) throws -> AdoptionRecord {
        if let copy {
            // A copy that has its name already could be taken by a consumer before it is adopted, and stay so where this process dies.
            var adoption: AdoptionRecord?
            _ = try DatabaseMaintenance(database: copy).backup(to: path, replacing: false, logLimit: nil, watcher) { file in
                let connection = try file.openAsOwner(synchronous: .full)
                adoption = try Self.adopt(connection, reason: reason)
                try connection.checkpoint(truncate: true)
            }
            guard let adoption else { throw ConnmixError(.internal, "the copy has its name and was not adopted") }
            return adoption
        }
        // It looks at what is there; a new file is nobody's copy.
        try file.refuseForeign(mustExist: true, for: .changes)
        _ = try file.openForReading()
        return try owning { _ in try Self.adopt(try file.openAsOwner(synchronous: .full), reason: reason) }
    }

    private static func adopt(_ connection: Connection, reason: String?) throws -> AdoptionRecord {
        try Transaction(connection).run { transaction in
            let copiedAt = min(try RunTable.newestTime(transaction.connection) ?? transaction.now, transaction.now)
            try RunTable.closeDead(transaction, account: nil)
            let run = try RunTable.begin(
                transaction, pid: Int64(getpid()), version: LibraryVersion.text, handlerVersion: "database adopt",
                synchronous: .full)
            try AdoptionTable.closeLosses(transaction, run: run)
            let claimed = try Recovery.run(transaction, run: run, account: nil, maxAttempts: .max)
            try OutboxTable.markAdopted(transaction)
            assert(claimed.suspects + claimed.buried == 0, "without an account nobody is suspected")
            let adoption = try AdoptionTable.add(transaction, copiedAt: copiedAt, host: hostName, reason: reason?.boundedError)
            try RunTable.end(transaction, run: run)
            return adoption
        }
    }

    /// This machine's, for people.
    private static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
