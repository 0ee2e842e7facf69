// Loaded with LD_PRELOAD under valgrind, which writes to the mask that it is given (3.19): libdispatch keeps its mask in memory that
// cannot be written, and valgrind ends there. It gets a copy.
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

int sigsuspend(const sigset_t *mask) {
    sigset_t copy = *mask;
    return (int)syscall(SYS_rt_sigsuspend, &copy, (size_t)_NSIG / 8);
}
