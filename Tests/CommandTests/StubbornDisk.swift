import FoundationEssentials
import TestSupport

/// A disk that takes nothing for the log of a database any more, once it is told so: for a program that is started with its environment.
struct StubbornDisk {
    private let folder: String
    private let library: PreloadedLibrary

    /// Of the program's environment, as env(1) has it.
    var environment: [String] { ["LD_PRELOAD=\(library.path)"] }

    init(_ folder: String) async throws {
        self.folder = folder
        library = try await PreloadedLibrary(
            "disk",
            source: """
                #include <errno.h>
                #include <stdio.h>
                #include <string.h>
                #include <sys/syscall.h>
                #include <sys/types.h>
                #include <unistd.h>
                static int isLog(int file) {
                    char name[64], target[4096];
                    snprintf(name, sizeof name, "/proc/self/fd/%d", file);
                    ssize_t n = readlink(name, target, sizeof target - 1);
                    if (n < 4) return 0;
                    target[n] = 0;
                    return strcmp(target + n - 4, "-wal") == 0 && access("\(folder)/full", F_OK) == 0;
                }
                static ssize_t put(int file, const void *bytes, size_t count, off_t offset) {
                    if (!isLog(file)) return syscall(SYS_pwrite64, file, bytes, count, offset);
                    if (access("\(folder)/hang", F_OK) == 0) for (;;) pause();
                    errno = ENOSPC;
                    return -1;
                }
                ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) { return put(file, bytes, count, offset); }
                ssize_t pwrite64(int file, const void *bytes, size_t count, off_t offset) { return put(file, bytes, count, offset); }
                """, folder: folder)
    }

    /// From now on it is full.
    func refuse() throws {
        try Data().write(to: URL(fileURLWithPath: folder + "/full"))
    }

    /// From now on, where it is full, it does not come back.
    func hang() throws {
        try Data().write(to: URL(fileURLWithPath: folder + "/hang"))
    }
}
