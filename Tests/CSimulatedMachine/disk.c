// An SQLite file system over the real one that remembers what was written since the last sync, so that a loss of power can take it back.
#define _GNU_SOURCE 1
#include "simulated_machine.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct change {
  struct change *next, *previous;
  int64_t offset;       // of a truncation: the new size
  int64_t size_before;  // the file's
  int32_t length;       // of what was written; -1: a truncation
  int32_t old_length;
  uint8_t *old;
  uint8_t *fresh;
} change;

typedef struct tracked {
  struct tracked *next;
  char path[512];
  int is_log;
  int count;
  change *first, *last;
} tracked;

typedef struct file {
  sqlite3_file base;
  tracked *state;
  sqlite3_file *inner;
} file;

static sqlite3_vfs shim;
static sqlite3_vfs *outer;
static tracked *files;
static char folder[512];
static simulated_disk_judge judge;
static int lies;
static int unsynced;
static int64_t changes;

static int ask(int operation, tracked *state, int64_t offset, int32_t length, int32_t *part) {
  return judge ? judge(operation, state->is_log, offset, length, part) : 0;
}

static void forget(tracked *state, change *item) {
  if (item->previous) item->previous->next = item->next; else state->first = item->next;
  if (item->next) item->next->previous = item->previous; else state->last = item->previous;
  free(item->old);
  free(item->fresh);
  free(item);
  state->count--;
  unsynced--;
}

static void forget_all(tracked *state) {
  while (state->first) forget(state, state->first);
}

// Notes what is about to change.
static int note(file *f, int64_t offset, int32_t length, const void *fresh) {
  sqlite3_int64 size = 0;
  int result = f->inner->pMethods->xFileSize(f->inner, &size);
  if (result) return result;
  change *item = calloc(1, sizeof *item);
  item->offset = offset;
  item->size_before = size;
  item->length = length;
  int64_t end = length < 0 ? size : offset + length;
  if (end > size) end = size;
  if (end > offset) {
    item->old_length = (int32_t)(end - offset);
    item->old = malloc((size_t)item->old_length);
    result = f->inner->pMethods->xRead(f->inner, item->old, item->old_length, offset);
    if (result && result != SQLITE_IOERR_SHORT_READ) {
      free(item->old);
      free(item);
      return result;
    }
  }
  if (length > 0) {
    item->fresh = malloc((size_t)length);
    memcpy(item->fresh, fresh, (size_t)length);
  }
  tracked *state = f->state;
  item->previous = state->last;
  if (state->last) state->last->next = item; else state->first = item;
  state->last = item;
  state->count++;
  unsynced++;
  changes++;
  return 0;
}

#define INNER(f) (((file *)f)->inner)
#define CALL(f, method, ...) INNER(f)->pMethods->method(INNER(f), ##__VA_ARGS__)

static int close_file(sqlite3_file *f) { return CALL(f, xClose); }
static int read_file(sqlite3_file *f, void *bytes, int length, sqlite3_int64 offset) {
  int result = ask(SIMULATED_READ, ((file *)f)->state, offset, length, NULL);
  return result ? result : CALL(f, xRead, bytes, length, offset);
}
static int write_file(sqlite3_file *f, const void *bytes, int length, sqlite3_int64 offset) {
  int32_t part = 0;
  int result = ask(SIMULATED_WRITE, ((file *)f)->state, offset, length, &part);
  int32_t count = result ? part : length;
  if (count > 0) {
    int failure = note((file *)f, offset, count, bytes);
    if (!failure) failure = CALL(f, xWrite, bytes, count, offset);
    if (failure) return failure;
  }
  return result;
}
static int truncate_file(sqlite3_file *f, sqlite3_int64 size) {
  int result = ask(SIMULATED_TRUNCATE, ((file *)f)->state, size, 0, NULL);
  if (result) return result;
  result = note((file *)f, size, -1, NULL);
  return result ? result : CALL(f, xTruncate, size);
}
static int sync_file(sqlite3_file *f, int flags) {
  (void)flags;
  int result = ask(SIMULATED_SYNC, ((file *)f)->state, 0, 0, NULL);
  if (result) return result;
  if (!lies) forget_all(((file *)f)->state);
  return 0;
}
static int file_size(sqlite3_file *f, sqlite3_int64 *size) { return CALL(f, xFileSize, size); }
static int lock_file(sqlite3_file *f, int level) { return CALL(f, xLock, level); }
static int unlock_file(sqlite3_file *f, int level) { return CALL(f, xUnlock, level); }
static int check_lock(sqlite3_file *f, int *result) { return CALL(f, xCheckReservedLock, result); }
static int control_file(sqlite3_file *f, int what, void *argument) { return CALL(f, xFileControl, what, argument); }
static int sector_size(sqlite3_file *f) { return CALL(f, xSectorSize); }
static int characteristics(sqlite3_file *f) { return CALL(f, xDeviceCharacteristics); }
static int map_index(sqlite3_file *f, int page, int size, int extend, void volatile **place) {
  return CALL(f, xShmMap, page, size, extend, place);
}
static int lock_index(sqlite3_file *f, int offset, int n, int flags) { return CALL(f, xShmLock, offset, n, flags); }
static void index_barrier(sqlite3_file *f) { CALL(f, xShmBarrier); }
static int unmap_index(sqlite3_file *f, int remove) { return CALL(f, xShmUnmap, remove); }

// Version 2: pages are never mapped, so that every change passes here.
static const sqlite3_io_methods methods = {
    2,           close_file,    read_file,    write_file,      truncate_file,   sync_file, file_size, lock_file, unlock_file,
    check_lock,  control_file,  sector_size,  characteristics, map_index,       lock_index, index_barrier, unmap_index,
    NULL,        NULL,
};

static tracked *find(const char *path) {
  for (tracked *state = files; state; state = state->next)
    if (!strcmp(state->path, path)) return state;
  tracked *state = calloc(1, sizeof *state);
  strncpy(state->path, path, sizeof state->path - 1);
  size_t length = strlen(path);
  state->is_log = length > 4 && !strcmp(path + length - 4, "-wal");
  state->next = files;
  files = state;
  return state;
}

static int open_file(sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags, int *opened) {
  (void)vfs;
  file *f = (file *)base;
  memset(f, 0, sizeof *f);
  // A file that has no name is not on the disk for anybody else, and a loss of power leaves nothing of it.
  if (!folder[0] || !path || strncmp(path, folder, strlen(folder))) return outer->xOpen(outer, path, base, flags, opened);
  tracked *state = find(path);
  int result = ask(SIMULATED_OPEN, state, 0, 0, NULL);
  if (result) return result;
  f->inner = (sqlite3_file *)(f + 1);
  result = outer->xOpen(outer, path, f->inner, flags, opened);
  if (result) return result;
  f->state = state;
  f->base.pMethods = &methods;
  return 0;
}

// Of those that have the simulation's clock and chance, the C library's calls beneath are simulated already.
static int randomness(sqlite3_vfs *vfs, int count, char *bytes) {
  (void)vfs;
  return getentropy(bytes, (size_t)count) == 0 ? count : outer->xRandomness(outer, count, bytes);
}

void simulated_disk_begin(const char *below, simulated_disk_judge by) {
  if (!outer) {
    outer = sqlite3_vfs_find(NULL);
    shim = *outer;
    shim.zName = "simulated-disk";
    shim.szOsFile = (int)sizeof(file) + outer->szOsFile;
    shim.pNext = NULL;
    shim.xOpen = open_file;
    shim.xRandomness = randomness;
    sqlite3_vfs_register(&shim, 1);
  }
  // SQLite draws a seed once a process.
  sqlite3_randomness(0, NULL);
  strncpy(folder, below, sizeof folder - 1);
  judge = by;
  lies = 0;
}

void simulated_disk_end(void) {
  while (files) {
    tracked *next = files->next;
    forget_all(files);
    free(files);
    files = next;
  }
  folder[0] = 0;
  judge = NULL;
  lies = 0;
}

void simulated_disk_lies(int on) { lies = on; }
int simulated_disk_unsynced(void) { return unsynced; }
int64_t simulated_disk_changes(void) { return changes; }

static uint64_t draw(uint64_t *state) {
  uint64_t z = *state += 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

enum { SECTOR = 512 };

static void put(int descriptor, const uint8_t *bytes, int64_t length, int64_t offset) {
  while (length > 0) {
    ssize_t count = pwrite(descriptor, bytes, (size_t)length, offset);
    if (count <= 0) abort();
    bytes += count;
    length -= count;
    offset += count;
  }
}

static void resize(int descriptor, int64_t size) {
  if (ftruncate(descriptor, size)) abort();
}

static void lose(tracked *state, uint64_t *seed, int mode, struct simulated_loss *loss) {
  if (!state->first) return;
  int descriptor = open(state->path, O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return forget_all(state);
  for (change *item = state->last; item; item = item->previous) {
    if (item->length < 0) resize(descriptor, item->size_before);
    if (item->old_length) put(descriptor, item->old, item->old_length, item->offset);
    resize(descriptor, item->size_before);
  }
  for (change *item = state->first; item; item = item->next) {
    int fate = mode < 2 ? mode : (int)(draw(seed) % 3);
    if (fate == 0) { loss->dropped++; continue; }
    if (item->length < 0) {
      resize(descriptor, item->offset);
      loss->kept++;
      continue;
    }
    if (fate == 1) {
      put(descriptor, item->fresh, item->length, item->offset);
      loss->kept++;
      continue;
    }
    loss->torn++;
    for (int32_t at = 0; at < item->length;) {
      int32_t end = (int32_t)((item->offset + at) / SECTOR * SECTOR + SECTOR - item->offset);
      if (end > item->length) end = item->length;
      if (draw(seed) & 1) put(descriptor, item->fresh + at, end - at, item->offset + at);
      at = end;
    }
  }
  close(descriptor);
  forget_all(state);
}

struct simulated_loss simulated_disk_power_loss(uint64_t seed, int mode) {
  struct simulated_loss loss = {0, 0, 0};
  for (tracked *state = files; state; state = state->next) {
    lose(state, &seed, mode, &loss);
    // The log's index is memory, and gone.
    char path[520];
    strcpy(path, state->path);
    if (!state->is_log) unlink(strcat(path, "-shm"));
  }
  return loss;
}
