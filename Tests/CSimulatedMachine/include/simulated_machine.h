// A machine for one thread: its clocks, its chance, its process number and its disk. Every other thread has the real ones.
#ifndef CONNMIX_SIMULATED_MACHINE_H
#define CONNMIX_SIMULATED_MACHINE_H

#include <stdint.h>

// From now on the calling thread lives on the simulated machine, or no longer.
void simulated_machine_enter(uint64_t seed);
void simulated_machine_leave(void);

// Both clocks go on by so many nanoseconds; setting the wall clock moves it alone.
void simulated_clock_advance(int64_t nanoseconds);
void simulated_clock_set_wall(int64_t by_nanoseconds);
int64_t simulated_clock_steady(void);
int64_t simulated_clock_wall(void);
// What the calling thread has used of the processor, for whoever measures the simulation.
int64_t simulated_clock_processor(void);

void simulated_process_is(int32_t number);
// What the file system says is free.
void simulated_disk_free_is(int64_t bytes);
// 0: pwrite fails, as for a process that is dead and has not noticed.
void simulated_writes_allowed(int allowed);
// Dictionaries of one seed have one order.
void simulated_hashing(void);

// Swift tasks that the simulation's thread begins and that name no executor go to this one, and not to other threads.
typedef void (*simulated_enqueue)(void *job);
void simulated_tasks_go_to(simulated_enqueue enqueue);

enum { SIMULATED_READ = 1, SIMULATED_WRITE = 2, SIMULATED_TRUNCATE = 3, SIMULATED_SYNC = 4, SIMULATED_OPEN = 5 };

// Asked before each operation on a file: 0 lets it happen, else it is SQLite's result; of a write, `part` says how many bytes get there
// all the same.
typedef int (*simulated_disk_judge)(int operation, int is_log, int64_t offset, int32_t length, int32_t *part);

// Files below the folder are on the simulated disk, in SQLite's default file system of this process. All others are untouched.
void simulated_disk_begin(const char *folder, simulated_disk_judge judge);
void simulated_disk_end(void);
// Whether a sync does nothing: a disk that lies.
void simulated_disk_lies(int lies);
// So many changes are not on the platter yet.
int simulated_disk_unsynced(void);
// How often files have changed: while it stays, so does what they say.
int64_t simulated_disk_changes(void);

struct simulated_loss {
  int dropped;
  int kept;
  int torn;
};

// Power is lost. No connection may be open. Each change since the last sync is dropped, kept, or torn in sectors.
// mode: 0 all are dropped, 1 all are kept, 2 each as the seed says.
struct simulated_loss simulated_disk_power_loss(uint64_t seed, int mode);

// What a WebSocket server answers to a key (RFC 6455, 4.2.2); room for 29 bytes.
void simulated_websocket_accept(const char *key, char *accept);

#endif
