import Synchronization

/// The number of a process once it is started, for whoever has to end what it left behind.
final class StartedProcess: Sendable {
    private let state = Mutex<Int32?>(nil)

    var number: Int32? {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}
