import Foundation
import TestSupport

/// Sets the wall clock of a child process, in a library that is loaded before all others, by the seconds that a file names.
struct FalseClock: Sendable {
    private let library: PreloadedLibrary
    private let order: String

    /// Builds the library.
    init(folder: String) async throws {
        order = folder + "/clock"
        library = try await PreloadedLibrary("false-clock", source: Self.source, folder: folder)
        try set(ahead: 0)
    }

    var environment: [String: String] { ["LD_PRELOAD": library.path, "CONNMIX_CLOCK": order] }

    func set(ahead seconds: Int) throws {
        // In one step: it is read at every look at the clock.
        try Data("\(seconds)\n".utf8).write(to: URL(fileURLWithPath: order), options: .atomic)
    }

    private static let source = #"""
        #define _GNU_SOURCE
        #include <fcntl.h>
        #include <stdlib.h>
        #include <sys/syscall.h>
        #include <time.h>
        #include <unistd.h>

        int clock_gettime(clockid_t clock, struct timespec *time) {
          int result = syscall(SYS_clock_gettime, clock, time);
          if (clock != CLOCK_REALTIME || result != 0) return result;
          char text[32];
          int file = open(getenv("CONNMIX_CLOCK"), O_RDONLY | O_CLOEXEC);
          if (file < 0) return result;
          ssize_t size = read(file, text, sizeof text - 1);
          close(file);
          if (size <= 0) return result;
          text[size] = 0;
          time->tv_sec += atol(text);
          return result;
        }
        """#
}
