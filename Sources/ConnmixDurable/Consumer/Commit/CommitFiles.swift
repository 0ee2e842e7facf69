/// The part of a commit that looks at what it goes into: the first one, inside the transaction, since nobody else can take the file over
/// from here to COMMIT.
struct CommitFiles {
    let core: ConsumerCore

    /// - Returns: whether only new messages may be written: they are rows of their own, while everything else is another consumer's now.
    /// - Throws: `fileLost` where nothing may be written.
    func takeOnlyMessages(_ transaction: Transaction) throws -> Bool {
        if let loss = core.lookAtFiles() { core.lost(loss) }
        // Who runs is in the file itself, whatever has happened to its lock.
        if transaction.foreignCommits, let pid = try RunTable.successor(transaction.connection, of: core.run) {
            core.lost(.takenOver(pid: pid))
        }
        guard let loss = core.fileLoss else { return false }
        switch loss.remedy {
        case .everything: return false
        // While it still hands out, a commit would be half of what it does.
        case .newMessages where core.isStopping: return true
        case .newMessages, .nothing: throw loss.error(core.database, left: 0)
        }
    }
}
