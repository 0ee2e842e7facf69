extension DiskTap {
    /// Stands before the system's calls on files whose path holds `.sqlite3`, in a process that loads it first. What it does is said by
    /// its environment.
    static let source = #"""
        #define _GNU_SOURCE
        #include <errno.h>
        #include <fcntl.h>
        #include <signal.h>
        #include <stdarg.h>
        #include <stdint.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/syscall.h>
        #include <sys/uio.h>
        #include <unistd.h>

        enum { OPEN = 1, WRITE, READ, SYNC, TRUNCATE, UNLINK, RENAME, LINK, LOCK };

        static int log_fd = -1, failure, is_short, fails_for_ever, kinds = 0, kills_after;
        static long fail_at, kill_at;
        static const char *from;
        static _Atomic int has_begun;
        static _Atomic long calls;

        __attribute__((constructor)) static void begin(void) {
          const char *text;
          if ((text = getenv("TAP_LOG"))) log_fd = syscall(SYS_openat, AT_FDCWD, text, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
          from = getenv("TAP_FROM");
          if ((text = getenv("TAP_KINDS"))) kinds = atoi(text);
          if ((text = getenv("TAP_KILL_AT"))) kill_at = atol(text);
          if ((text = getenv("TAP_KILL_AFTER"))) kills_after = atoi(text);
          if ((text = getenv("TAP_FAIL_AT"))) fail_at = atol(text);
          if ((text = getenv("TAP_FAIL_EVER"))) fails_for_ever = atoi(text);
          if ((text = getenv("TAP_FAILURE"))) { failure = atoi(text); is_short = failure == 0; }
        }

        static int watched(const char *path) { return path && strstr(path, ".sqlite3") != 0; }

        static int path_of(int fd, char *path, size_t room) {
          char link[64];
          snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
          ssize_t size = readlink(link, path, room - 1);
          if (size <= 0) return 0;
          path[size] = 0;
          return watched(path);
        }

        /* One record, in one write: what, process, two numbers, the size of the bytes, both names; then the bytes. */
        static void note(int kind, const char *path, const char *other, int64_t a, int64_t b, const void *bytes, size_t size) {
          if (log_fd < 0) return;
          char head[8448];
          int length = snprintf(head, sizeof head, "%d %d %lld %lld %zu %s\t%s\n", kind, (int)getpid(), (long long)a, (long long)b, size,
                                path, other ? other : "");
          struct iovec parts[2] = {{head, (size_t)length}, {(void *)bytes, size}};
          syscall(SYS_writev, log_fd, parts, size ? 2 : 1);
        }

        static void die(void) {
          syscall(SYS_kill, getpid(), SIGKILL);
          for (;;) pause();
        }

        /* Whether this call is to be made: 0, or it fails. *after: it dies when it has been made. */
        static int fails(int kind, int *after) {
          *after = 0;
          if (kinds && !(kinds >> kind & 1)) return 0;
          /* Nothing counts before somebody has made a file. */
          if (from && !has_begun && syscall(SYS_faccessat, AT_FDCWD, from, F_OK)) return 0;
          has_begun = 1;
          long number = ++calls;
          if (kill_at && number == kill_at) {
            if (!kills_after) die();
            *after = 1;
          }
          int fails_now = fail_at && (number == fail_at || (fails_for_ever && number > fail_at));
          const char *reached = fails_now ? getenv("TAP_COUNT") : 0;
          /* Whoever counts the runs sees that there was a call of this number. */
          if (reached) syscall(SYS_close, syscall(SYS_openat, AT_FDCWD, reached, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
          return fails_now;
        }

        static int open_at(int folder, const char *path, int flags, mode_t mode) {
          int after = 0, isWatched = watched(path);
          int existed = isWatched && syscall(SYS_faccessat, folder, path, F_OK) == 0;
          if (isWatched && fails(OPEN, &after) && failure) { errno = failure; return -1; }
          int fd = syscall(SYS_openat, folder, path, flags, mode);
          if (isWatched && fd >= 0 && (!existed || flags & O_TRUNC)) note(OPEN, path, 0, flags, 0, 0, 0);
          if (after) die();
          return fd;
        }

        static mode_t mode_in(int flags, va_list list) { return flags & (O_CREAT | __O_TMPFILE) ? va_arg(list, mode_t) : 0; }

        int open(const char *path, int flags, ...) {
          va_list list; va_start(list, flags); mode_t mode = mode_in(flags, list); va_end(list);
          return open_at(AT_FDCWD, path, flags, mode);
        }
        int open64(const char *path, int flags, ...) {
          va_list list; va_start(list, flags); mode_t mode = mode_in(flags, list); va_end(list);
          return open_at(AT_FDCWD, path, flags, mode);
        }
        int openat(int folder, const char *path, int flags, ...) {
          va_list list; va_start(list, flags); mode_t mode = mode_in(flags, list); va_end(list);
          return open_at(folder, path, flags, mode);
        }

        static ssize_t put(int fd, const void *bytes, size_t size, off_t at) {
          char path[4096];
          int after = 0;
          if (!path_of(fd, path, sizeof path)) return syscall(SYS_pwrite64, fd, bytes, size, at);
          if (fails(WRITE, &after)) {
            if (!is_short) { errno = failure; return -1; }
            size = size > 1 ? size / 2 : size;
          }
          note(WRITE, path, 0, at, 0, bytes, size);
          ssize_t result = syscall(SYS_pwrite64, fd, bytes, size, at);
          if (after) die();
          return result;
        }
        ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) { return put(fd, bytes, size, at); }
        ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at) { return put(fd, bytes, size, at); }

        static ssize_t get(int fd, void *bytes, size_t size, off_t at) {
          char path[4096];
          int after = 0;
          if (path_of(fd, path, sizeof path) && fails(READ, &after)) {
            if (!is_short) { errno = failure; return -1; }
            size = size > 1 ? size / 2 : size;  /* none at all would be the file's end */
          }
          ssize_t result = syscall(SYS_pread64, fd, bytes, size, at);
          if (after) die();
          return result;
        }
        ssize_t pread(int fd, void *bytes, size_t size, off_t at) { return get(fd, bytes, size, at); }
        ssize_t pread64(int fd, void *bytes, size_t size, off_t at) { return get(fd, bytes, size, at); }

        static int sync_of(int fd, long call) {
          char path[4096];
          int after = 0, isWatched = path_of(fd, path, sizeof path);
          if (isWatched && fails(SYNC, &after) && failure) { errno = failure; return -1; }
          int result = syscall(call, fd);
          if (isWatched && result == 0) note(SYNC, path, 0, 0, 0, 0, 0);
          if (after) die();
          return result;
        }
        int fsync(int fd) { return sync_of(fd, SYS_fsync); }
        int fdatasync(int fd) { return sync_of(fd, SYS_fdatasync); }

        static int cut(int fd, off_t size) {
          char path[4096];
          int after = 0, isWatched = path_of(fd, path, sizeof path);
          if (isWatched && fails(TRUNCATE, &after) && failure) { errno = failure; return -1; }
          if (isWatched) note(TRUNCATE, path, 0, size, 0, 0, 0);
          int result = syscall(SYS_ftruncate, fd, size);
          if (after) die();
          return result;
        }
        int ftruncate(int fd, off_t size) { return cut(fd, size); }
        int ftruncate64(int fd, off_t size) { return cut(fd, size); }

        int unlink(const char *path) {
          int after = 0, isWatched = watched(path);
          if (isWatched && fails(UNLINK, &after) && failure) { errno = failure; return -1; }
          int result = syscall(SYS_unlinkat, AT_FDCWD, path, 0);
          if (isWatched && result == 0) note(UNLINK, path, 0, 0, 0, 0, 0);
          if (after) die();
          return result;
        }

        static int name(int kind, const char *from, const char *to, long flags) {
          int after = 0, isWatched = watched(from) || watched(to);
          if (isWatched && fails(kind, &after) && failure) { errno = failure; return -1; }
          int result = kind == LINK ? syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0)
                                    : syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
          if (isWatched && result == 0) note(kind, from, to, 0, 0, 0, 0);
          if (after) die();
          return result;
        }
        int rename(const char *from, const char *to) { return name(RENAME, from, to, 0); }
        int renameat2(int a, const char *from, int b, const char *to, unsigned int flags) {
          if (a != AT_FDCWD || b != AT_FDCWD) return syscall(SYS_renameat2, a, from, b, to, flags);
          return name(RENAME, from, to, flags);
        }
        int link(const char *from, const char *to) { return name(LINK, from, to, 0); }

        static int control(int fd, int command, void *argument) {
          int isLock = command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK || command == F_OFD_SETLKW;
          char path[4096];
          if (!isLock || !path_of(fd, path, sizeof path)) return syscall(SYS_fcntl, fd, command, argument);
          int after = 0;
          struct flock *lock = argument;
          if (lock->l_type != F_UNLCK && fails(LOCK, &after) && failure) { errno = failure; return -1; }
          /* A lock is noted when it is there, its end before it is gone: what is noted lies within what is true. */
          if (lock->l_type == F_UNLCK) note(LOCK, path, 0, lock->l_start, lock->l_type, 0, 0);
          int result = syscall(SYS_fcntl, fd, command, argument);
          if (result == 0 && lock->l_type != F_UNLCK) note(LOCK, path, 0, lock->l_start, lock->l_type, 0, 0);
          if (after) die();
          return result;
        }
        int fcntl(int fd, int command, ...) {
          va_list list; va_start(list, command); void *argument = va_arg(list, void *); va_end(list);
          return control(fd, command, argument);
        }
        int fcntl64(int fd, int command, ...) {
          va_list list; va_start(list, command); void *argument = va_arg(list, void *); va_end(list);
          return control(fd, command, argument);
        }
        """#
}
