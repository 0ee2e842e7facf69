import Glibc
import ServiceLifecycle

/// Waits for what handlers leave behind, where that falls to this process: as process 1 of a container it inherits every orphan.
final class OrphanReaper: Service {
    private let gate: LaunchGate

    /// - Returns: `nil` where another process inherits orphans.
    init?(_ gate: LaunchGate) {
        guard getpid() == 1 else { return nil }
        self.gate = gate
    }

    func run() async throws {
        try? await cancelWhenGracefulShutdown { [self] in
            while true {
                while !gate.betweenStarts(Self.reap(except:)) { try await Task.sleep(for: .milliseconds(5)) }
                try await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// Whose number is known is waited for by Subprocess. It hides those behind it for a moment only.
    private static func reap(except running: Set<Int32>) {
        while true {
            var facts = siginfo_t()
            guard waitid(P_ALL, 0, &facts, WEXITED | WNOHANG | WNOWAIT) == 0 else { return }
            let number = facts._sifields._sigchld.si_pid
            guard number > 0, !running.contains(number), waitpid(number, nil, WNOHANG) == number else { return }
        }
    }
}
