/// What may happen to the files of a running consumer. It ends each time.
enum FileLoss: Sendable, Equatable {
    enum Fate: String, Sendable {
        case removed
        case replaced
    }

    /// What is committed goes into a file without a name: nothing is written any more.
    case database(Fate)
    /// The log or its index. Whoever opens the database makes a new one, and then the two know nothing of each other. While nobody has, what
    /// is in memory is written, and moved into the database at the end.
    case companion(String, Fate)
    /// Another consumer may start. The database is the same, and what is in memory is written to it.
    case lock(Fate)
    /// A newer run is in the file: another consumer has started. Only new messages are written to it.
    case takenOver(pid: Int64)

    /// What may still be written.
    enum Remedy: Int, Comparable {
        case everything
        case newMessages
        case nothing

        static func < (left: Remedy, right: Remedy) -> Bool { left.rawValue < right.rawValue }
    }

    var remedy: Remedy {
        switch self {
        case .lock, .companion(_, .removed): .everything
        case .takenOver: .newMessages
        case .database, .companion(_, .replaced): .nothing
        }
    }

    func words(_ path: String) -> String {
        let advice = "beneath the running consumer, which has stopped; look for who did it"
        return switch self {
        case .database(let fate):
            "\(path) was \(fate.rawValue) \(advice), see that the file is the right one, and start again"
        case .companion(let name, let fate):
            "\(name) was \(fate.rawValue) \(advice), leave that file alone, run database check, and start again"
        case .lock(let fate):
            "\(path).lock was \(fate.rawValue) \(advice), leave that file alone (it keeps a second consumer away), and start again"
        case .takenOver(let pid):
            "process \(pid) has begun to consume into \(path) beside this consumer, which has stopped; was \(path).lock removed or replaced? let one consumer run"
        }
    }

    /// - Parameter left: how many messages are in memory only.
    func error(_ path: String, left: Int) -> ConnmixError {
        let rest =
            switch remedy {
            case _ where left > 0: "\(left) messages that were not committed are lost"
            case .everything: "what was in memory is in the file"
            case .newMessages: "new messages are in the file, and what was being handled is handled again"
            case .nothing: "no message waited to be committed"
            }
        return ConnmixError(.fileLost, "\(words(path)); \(rest)")
    }
}
