import Glibc

/// What reads for long, or again and again, leaves the processor to whoever works on the file.
enum ThreadPriority {
    /// The lowest priority from now on, for this thread and those it starts. Only for what holds no lock that a consumer waits for.
    static func lower() {
        // Nothing depends on it: where it is refused the work goes on as it was.
        _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19)
    }
}
