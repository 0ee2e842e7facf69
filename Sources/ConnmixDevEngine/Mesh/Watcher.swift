import NIOCore

/// Somebody who waits for a state.
struct Watcher {
    let condition: (Mesh) -> Bool
    let promise: EventLoopPromise<Snapshot>
    let timeout: Scheduled<Void>?
}

extension Mesh {
    func addWatcher(
        _ id: Int, limit: Duration?, promise: EventLoopPromise<Snapshot>, _ condition: @escaping (Mesh) -> Bool
    ) {
        guard !self.isStopped else {
            promise.fail(DevEngineError.stopped)
            return
        }
        guard !condition(self) else {
            promise.succeed(Snapshot(memory: self.memory))
            return
        }
        let bound = self.bound
        let timeout = limit.map { limit in
            self.loop.scheduleTask(in: TimeAmount(bounded: limit)) {
                let error = DevEngineError(.timedOut, "what was waited for did not come about within \(limit)")
                bound.value.failWatcher(id, error)
            }
        }
        self.watchers[id] = Watcher(condition: condition, promise: promise, timeout: timeout)
    }

    func failWatcher(_ id: Int, _ error: any Error) {
        guard let watcher = self.watchers.removeValue(forKey: id) else { return }
        watcher.timeout?.cancel()
        watcher.promise.fail(error)
    }

    func tellWatchers() {
        guard !self.watchers.isEmpty else { return }
        for (id, watcher) in self.watchers where watcher.condition(self) {
            self.watchers[id] = nil
            watcher.timeout?.cancel()
            watcher.promise.succeed(Snapshot(memory: self.memory))
        }
    }
}
