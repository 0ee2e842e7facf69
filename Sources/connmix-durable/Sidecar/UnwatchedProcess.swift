import Glibc
import Subprocess
import Synchronization

/// A process whose end nobody would see: Subprocess (1.0.2) starts it first and then opens the descriptor by which it is watched, and
/// where the limit has come in between it waits for ever.
enum UnwatchedProcess {
    /// Kernels before 5.3 have no such descriptors: there, ends are told by signals, and nothing is missing.
    private static let areThere = Atomic(false)

    /// Ends the process and all of its group, where it is such a one, and waits until that is to be seen: whoever looks afterwards sees it.
    ///
    /// Called where a process has just been started, on an executor that runs nothing else meanwhile: before Subprocess looks for its end.
    ///
    /// - Returns: whether it was one. Nothing has been written to it; one of `--exec` may know its message from its environment, and have begun.
    static func end(_ process: ProcessIdentifier) -> Bool {
        end(process.value, watchedBy: process.processDescriptor)
    }

    static func end(_ number: Int32, watchedBy descriptor: Int32) -> Bool {
        guard descriptor < 0 else {
            areThere.store(true, ordering: .relaxed)
            return false
        }
        guard areThere.load(ordering: .relaxed), number > 1 else { return false }
        _ = kill(-number, SIGKILL)
        _ = kill(number, SIGKILL)
        // A millisecond or two; one that the kernel holds fast is not waited for.
        for _ in 0..<1_000 {
            var facts = siginfo_t()
            let result = waitid(P_PID, id_t(number), &facts, WEXITED | WNOWAIT | WNOHANG)
            if result == 0, facts._sifields._sigchld.si_pid == number { break }
            usleep(1_000)
        }
        return true
    }
}
