import Glibc
import Simulation

// Swift draws the order of its tables anew for each process, unless this is set when it begins.
let hashing = "SWIFT_DETERMINISTIC_HASHING"
if getenv(hashing) == nil {
    setenv(hashing, "1", 1)
    execv("/proc/self/exe", CommandLine.unsafeArgv)
    perror("simulate: cannot begin again")
    exit(71)
}
exit(SimulateProgram(CommandLine.arguments).run())
