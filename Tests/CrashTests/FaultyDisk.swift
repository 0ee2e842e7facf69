import Foundation
import TestSupport

/// Makes the disk of a child process fail, in a library that is loaded before all others: the writes and syncs that SQLite asks for
/// answer with an error for as long as a file says so.
struct FaultyDisk: Sendable {
    private let library: PreloadedLibrary
    private let order: String

    /// Builds the library.
    init(folder: String) async throws {
        order = folder + "/clock"
        library = try await PreloadedLibrary("faulty-disk", source: Self.source, folder: folder)
    }

    var environment: [String: String] { ["LD_PRELOAD": library.path, "CONNMIX_DISK_FAULT": order] }

    /// - Parameter fault: `write`, `sync`, `lose` (a sync that fails after the kernel threw away what was to be synced) or `all`, and the
    ///   error's number.
    func fail(_ fault: String) throws {
        // In one step: it is read at every write.
        try Data(fault.utf8).write(to: URL(fileURLWithPath: order), options: .atomic)
    }

    func heal() throws {
        try FileManager.default.removeItem(atPath: order)
    }

    private static let source = #"""
        #define _GNU_SOURCE
        #include <errno.h>
        #include <fcntl.h>
        #include <pthread.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/syscall.h>
        #include <unistd.h>

        struct range { int fd; off_t at; size_t size; };
        static struct range dirty[65536];
        static int dirties;
        static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;

        /* 1: the database or its log, 2: its lock file, 0: another file. */
        static int kind(int fd) {
          char link[64], path[4096];
          snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
          ssize_t size = readlink(link, path, sizeof path - 1);
          if (size <= 0) return 0;
          path[size] = 0;
          if (!strstr(path, ".sqlite3")) return 0;
          return strstr(path, ".lock") ? 2 : 1;
        }

        static int order(char *name) {
          char text[64];
          int code = 0, file = open(getenv("CONNMIX_DISK_FAULT"), O_RDONLY | O_CLOEXEC);
          if (file < 0) return 0;
          ssize_t size = read(file, text, sizeof text - 1);
          close(file);
          if (size <= 0) return 0;
          text[size] = 0;
          return sscanf(text, "%31s %d", name, &code) == 2 ? code : 0;
        }

        static ssize_t put(int fd, const void *bytes, size_t size, off_t at) {
          char name[32];
          int kind_of = kind(fd), code = kind_of ? order(name) : 0;
          if (code && (!strcmp(name, "all") || (kind_of == 1 && !strcmp(name, "write")))) {
            errno = code;
            return -1;
          }
          if (kind_of == 1) {
            pthread_mutex_lock(&guard);
            if (dirties < 65536) dirty[dirties++] = (struct range){fd, at, size};
            pthread_mutex_unlock(&guard);
          }
          return syscall(SYS_pwrite64, fd, bytes, size, at);
        }

        static int sync_of(int fd, long call) {
          char name[32];
          int code = kind(fd) == 1 ? order(name) : 0, kept = 0;
          int loses = code && !strcmp(name, "lose");
          pthread_mutex_lock(&guard);
          for (int i = 0; i < dirties; i++) {
            if (dirty[i].fd != fd) { dirty[kept++] = dirty[i]; continue; }
            if (!loses) continue;
            void *zeros = calloc(1, dirty[i].size);
            syscall(SYS_pwrite64, fd, zeros, dirty[i].size, dirty[i].at);
            free(zeros);
          }
          dirties = kept;
          pthread_mutex_unlock(&guard);
          if (code && (loses || !strcmp(name, "sync") || !strcmp(name, "all"))) {
            errno = code;
            return -1;
          }
          return syscall(call, fd);
        }

        ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) { return put(fd, bytes, size, at); }
        ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at) { return put(fd, bytes, size, at); }
        int fsync(int fd) { return sync_of(fd, SYS_fsync); }
        int fdatasync(int fd) { return sync_of(fd, SYS_fdatasync); }
        """#
}
