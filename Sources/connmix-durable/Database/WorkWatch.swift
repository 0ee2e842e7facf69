import ConnmixDurable

/// Shows how far long work is, and ends it where a signal has come.
final class WorkWatch {
    private var bar: (step: String, total: Int, bar: ProgressBar)?

    /// - Throws: what `work` throws; `CancellationError` where a signal ended it.
    static func during<T>(_ work: (DatabaseMaintenance.Watcher) throws -> T) throws -> T {
        Interruption.watch()
        let watch = WorkWatch()
        defer { watch.bar?.bar.clear() }
        return try work { progress in
            try Interruption.check()
            watch.show(progress)
        }
    }

    private func show(_ progress: DatabaseMaintenance.Progress) {
        // A bar for a kind of work: pages are copied at a rate, things to check are named.
        let isCopying = progress.step == "copying"
        if bar?.total != progress.total || (bar?.step == "copying") != isCopying {
            bar?.bar.clear()
            bar = (progress.step, progress.total, ProgressBar(total: progress.total))
        }
        bar?.bar.show(progress.done, note: isCopying ? nil : progress.step.escapedForTerminal)
    }
}
