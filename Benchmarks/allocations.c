// Counts what is allocated, by thread: loaded with LD_PRELOAD, it says at the end on stderr, a line a thread that allocated:
//     allocations <name of the thread> <calls> <bytes> <frees>
// A thread's counts are its own, so that counting costs no contention. Threads that end are told of, too.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

struct counts {
    long calls, bytes, frees;
    char name[16];
    pid_t thread;
};

enum { limit = 512 };
static struct counts all[limit];
static atomic_int used;
static __thread struct counts *mine __attribute__((tls_model("initial-exec")));

static struct counts *counts(void) {
    if (mine) return mine;
    int place = atomic_fetch_add(&used, 1);
    mine = &all[place < limit ? place : limit - 1];
    mine->thread = (pid_t)syscall(SYS_gettid);
    return mine;
}

static void note(size_t bytes) {
    struct counts *at = counts();
    at->calls++;
    at->bytes += (long)bytes;
    // A thread has its name only some time after its start.
    if ((at->calls & 1023) == 1) pthread_getname_np(pthread_self(), at->name, sizeof at->name);
}

void *malloc(size_t size) {
    note(size);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    note(count * size);
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    note(size);
    return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
    note(size);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **place, size_t alignment, size_t size) {
    void *new = memalign(alignment, size);
    if (!new) return ENOMEM;
    *place = new;
    return 0;
}

void free(void *old) {
    if (old) counts()->frees++;
    __libc_free(old);
}

__attribute__((destructor)) static void tell(void) {
    int count = atomic_load(&used);
    for (int i = 0; i < count && i < limit; i++) {
        char *name = all[i].name;
        for (char *at = name; *at; at++) if (*at == ' ') *at = '_';
        dprintf(2, "allocations %s %ld %ld %ld\n", *name ? name : "?", all[i].calls, all[i].bytes, all[i].frees);
    }
}
