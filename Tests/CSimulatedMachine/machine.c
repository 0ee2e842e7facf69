// The C library's clocks, chance and process number, answered by the simulation on its thread. They are found here before the C library's
// own, by the rules of dynamic linking; so neither the library nor Swift's runtime has a switch for it.
#define _GNU_SOURCE 1
#include "simulated_machine.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

// Threads ask for the time before a sanitizer knows of them, and when it has forgotten them; then its own code traps.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((disable_sanitizer_instrumentation)), apply_to = function)
#endif

static _Thread_local int is_simulated;
static int64_t steady = 1000000000000;
static int64_t wall;
static uint64_t seed, chance;
static int64_t chance_of = -1;
static int32_t process;
static int64_t free_bytes;
static int writes_allowed = 1;

void simulated_machine_enter(uint64_t with) {
  is_simulated = 1;
  steady = 1000000000000;
  wall = 1750000000000000000;
  seed = with;
  chance_of = -1;
  process = 1 << 30;
  free_bytes = (int64_t)1 << 40;
  writes_allowed = 1;
}

void simulated_machine_leave(void) { is_simulated = 0; }

void simulated_clock_advance(int64_t nanoseconds) {
  steady += nanoseconds;
  wall += nanoseconds;
}

void simulated_clock_set_wall(int64_t by) { wall += by; }
int64_t simulated_clock_steady(void) { return steady; }
int64_t simulated_clock_wall(void) { return wall; }
void simulated_process_is(int32_t number) { process = number; }
void simulated_disk_free_is(int64_t bytes) { free_bytes = bytes; }
void simulated_writes_allowed(int allowed) { writes_allowed = allowed; }

struct hashing {
  uint64_t seed0, seed1;
  bool deterministic;
};
extern struct hashing _swift_stdlib_Hashing_parameters;
// What SWIFT_DETERMINISTIC_HASHING does, for tables made from now on: their order no longer depends on addresses.
void simulated_hashing(void) { _swift_stdlib_Hashing_parameters.deterministic = true; }

#define REAL(name) ((__typeof__(&name))real(#name, &real_##name))
static void *real(const char *name, _Atomic(void *) *cell) {
  void *found = atomic_load_explicit(cell, memory_order_relaxed);
  if (!found) {
    found = dlsym(RTLD_NEXT, name);
    atomic_store_explicit(cell, found, memory_order_relaxed);
  }
  return found;
}

static _Atomic(void *) real_clock_gettime;
int clock_gettime(clockid_t clock, struct timespec *time) {
  if (!is_simulated || clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID)
    return REAL(clock_gettime)(clock, time);
  int64_t now = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE ? wall : steady;
  time->tv_sec = now / 1000000000;
  time->tv_nsec = now % 1000000000;
  return 0;
}

int64_t simulated_clock_processor(void) {
  struct timespec time;
  REAL(clock_gettime)(CLOCK_THREAD_CPUTIME_ID, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static _Atomic(void *) real_gettimeofday;
int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  if (!is_simulated) return REAL(gettimeofday)(time, zone);
  time->tv_sec = wall / 1000000000;
  time->tv_usec = wall % 1000000000 / 1000;
  return 0;
}

static _Atomic(void *) real_time;
time_t time(time_t *result) {
  if (!is_simulated) return REAL(time)(result);
  if (result) *result = wall / 1000000000;
  return wall / 1000000000;
}

// Whoever sleeps on the one thread only lets time pass.
static _Atomic(void *) real_usleep;
int usleep(useconds_t microseconds) {
  if (!is_simulated) return REAL(usleep)(microseconds);
  simulated_clock_advance((int64_t)microseconds * 1000);
  return 0;
}

// What is drawn depends on the moment, and not on what was drawn before: some draw once a process, and later runs must not differ.
static void fill(void *buffer, size_t count) {
  if (chance_of != steady) {
    chance_of = steady;
    chance = seed ^ (uint64_t)steady * 0xD1342543DE82EF95;
  }
  unsigned char *bytes = buffer;
  for (size_t i = 0; i < count; i++) {
    if (i % 8 == 0) chance += 0x9E3779B97F4A7C15;
    uint64_t z = chance;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    z ^= z >> 31;
    bytes[i] = (unsigned char)(z >> (i % 8 * 8));
  }
}

static _Atomic(void *) real_getrandom;
ssize_t getrandom(void *buffer, size_t count, unsigned flags) {
  if (!is_simulated) return REAL(getrandom)(buffer, count, flags);
  fill(buffer, count);
  return (ssize_t)count;
}

static _Atomic(void *) real_getentropy;
int getentropy(void *buffer, size_t count) {
  if (!is_simulated) return REAL(getentropy)(buffer, count);
  fill(buffer, count);
  return 0;
}

// Swift's runtime asks the kernel for random numbers this way.
static _Atomic(void *) real_syscall;
long syscall(long number, ...) {
  va_list list;
  va_start(list, number);
  long a = va_arg(list, long), b = va_arg(list, long), c = va_arg(list, long);
  long d = va_arg(list, long), e = va_arg(list, long), f = va_arg(list, long);
  va_end(list);
  if (is_simulated && number == SYS_getrandom) {
    if (a) fill((void *)a, (size_t)b);
    return b;
  }
  return ((long (*)(long, ...))real("syscall", &real_syscall))(number, a, b, c, d, e, f);
}

static _Atomic(void *) real_getpid;
pid_t getpid(void) { return is_simulated ? process : REAL(getpid)(); }

static _Atomic(void *) real_statvfs;
int statvfs(const char *restrict path, struct statvfs *restrict facts) {
  int result = REAL(statvfs)(path, facts);
  if (is_simulated && result == 0) facts->f_bavail = facts->f_bfree = (fsblkcnt_t)(free_bytes / (int64_t)facts->f_frsize);
  return result;
}

// Files beside the database. SQLite's own writes go another way (disk.c).
static _Atomic(void *) real_pwrite;
ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
  if (is_simulated && !writes_allowed) {
    errno = EIO;
    return -1;
  }
  return REAL(pwrite)(file, bytes, count, offset);
}

// POSIX locks keep processes apart, and here there is one: what the kernel would answer is known without a call. SQLite itself keeps apart
// the connections of a process. Locks of open files (F_OFD_*) are the kernel's.
static bool answers_lock(int command, void *argument) {
  if (!is_simulated || (command != F_SETLK && command != F_GETLK)) return false;
  if (command == F_GETLK) ((struct flock *)argument)->l_type = F_UNLCK;
  return true;
}

static _Atomic(void *) real_fcntl;
int fcntl(int file, int command, ...) {
  va_list list;
  va_start(list, command);
  void *argument = va_arg(list, void *);
  va_end(list);
  return answers_lock(command, argument) ? 0 : REAL(fcntl)(file, command, argument);
}

static _Atomic(void *) real_fcntl64;
int fcntl64(int file, int command, ...) {
  va_list list;
  va_start(list, command);
  void *argument = va_arg(list, void *);
  va_end(list);
  return answers_lock(command, argument) ? 0 : REAL(fcntl64)(file, command, argument);
}

#define SWIFT __attribute__((swiftcall))
typedef SWIFT void (*enqueue_original)(void *job);
extern SWIFT void (*swift_task_enqueueGlobal_hook)(void *job, enqueue_original original);
static simulated_enqueue enqueue;

static SWIFT void enqueue_global(void *job, enqueue_original original) {
  if (is_simulated && enqueue) enqueue(job); else original(job);
}

void simulated_tasks_go_to(simulated_enqueue to) {
  enqueue = to;
  swift_task_enqueueGlobal_hook = enqueue_global;
}

#if defined(__clang__)
#pragma clang attribute pop
#endif
