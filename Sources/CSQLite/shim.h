// What Swift cannot call: variadic functions, function-like macros, and Linux's open file description locks.
#ifndef CONNMIX_CSQLITE_SHIM_H
#define CONNMIX_CSQLITE_SHIM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/vfs.h>
#include <sqlite3.h>

// Memory statistics take a global mutex at every allocation. Must run before the library is initialised;
// afterwards SQLite answers SQLITE_MISUSE and nothing changes.
static inline int csqlite_disable_memory_statistics(void) {
  return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

// A connection must never checkpoint on its own: see Store/FileLock.swift.
static inline int csqlite_disable_checkpoint_on_close(sqlite3 *db) {
  return sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}

static inline int csqlite_set_defensive(sqlite3 *db, int isOn) {
  return sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, isOn, (int *)0);
}

// Locks one byte of an open file. The F_OFD_* constants need _GNU_SOURCE where <fcntl.h> was read first,
// which a module cannot promise; the kernel's numbers are fixed.
#define CSQLITE_OFD_SETLK 37
#define CSQLITE_OFD_SETLKW 38
static inline int csqlite_lock_byte(int fd, short type, off_t byte, int wait) {
  struct flock lock;
  memset(&lock, 0, sizeof lock);
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = byte;
  lock.l_len = 1;
  return fcntl(fd, wait ? CSQLITE_OFD_SETLKW : CSQLITE_OFD_SETLK, &lock) == 0 ? 0 : errno;
}

// Whether another open file holds a lock on the byte: 1, 0, or -1 where that cannot be told. Takes no lock.
#define CSQLITE_OFD_GETLK 36
static inline int csqlite_is_byte_locked(int fd, off_t byte) {
  struct flock lock;
  memset(&lock, 0, sizeof lock);
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = byte;
  lock.l_len = 1;
  return fcntl(fd, CSQLITE_OFD_GETLK, &lock) != 0 ? -1 : lock.l_type != F_UNLCK;
}

// Whether another open file holds an exclusive lock on the byte; as above.
static inline int csqlite_is_byte_locked_exclusively(int fd, off_t byte) {
  struct flock lock;
  memset(&lock, 0, sizeof lock);
  lock.l_type = F_RDLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = byte;
  lock.l_len = 1;
  return fcntl(fd, CSQLITE_OFD_GETLK, &lock) != 0 ? -1 : lock.l_type != F_UNLCK;
}

// What the log holds, as its shared index says (https://sqlite.org/walformat.html, section 2): how many pages, how many of them are in
// the database file, and up to which page each read mark looks. Read without a lock: figures to decide on, not to compute with.
// Only after a statement has run on the connection. Never open the index's file for this: closing it would drop SQLite's locks.
struct csqlite_log {
  unsigned int pages;
  unsigned int moved;
  unsigned int marks[5];
};
static inline int csqlite_read_log(sqlite3 *db, struct csqlite_log *log) {
  sqlite3_file *file = 0;
  void volatile *index = 0;
  if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK) return 0;
  if (!file || !file->pMethods || file->pMethods->iVersion < 2 || !file->pMethods->xShmMap) return 0;
  int result = file->pMethods->xShmMap(file, 0, 32768, 0, &index);
  if ((result != SQLITE_OK && result != SQLITE_READONLY) || !index) return 0;
  const volatile unsigned int *words = (const volatile unsigned int *)index;
  log->pages = words[4];
  log->moved = words[24];
  for (int i = 0; i < 5; i++) log->marks[i] = words[25 + i];
  return 1;
}

// The error of the system that the last failed call on a file met, 0 where it was none; forgets it: a read behind the file's end comes
// back short, which is no error of the system's.
static inline int csqlite_take_file_error(sqlite3_file *file) {
  int error = 0;
  char byte;
  if (!file || !file->pMethods) return 0;
  if (file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &error) != SQLITE_OK || error == 0) return 0;
  file->pMethods->xRead(file, &byte, 1, (sqlite3_int64)1 << 50);
  return error;
}

// The same of a database file or its log. SQLite reports some errors of a disk (EIO, ENXIO) as damage of the file: see unixRead() in
// its os_unix.c.
static inline int csqlite_take_disk_error(sqlite3 *db) {
  sqlite3_file *file = 0, *log = 0;
  sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  int error = csqlite_take_file_error(file), error_of_log = csqlite_take_file_error(log);
  return error ? error : error_of_log;
}

// What kind of file system a file lies on: a number of statfs(2); 0 where that cannot be told.
static inline long csqlite_file_system(const char *path) {
  struct statfs facts;
  return statfs(path, &facts) == 0 ? (long)facts.f_type : 0;
}

// Renames where the new name does not exist. The flag is the kernel's RENAME_NOREPLACE.
extern int renameat2(int, const char *, int, const char *, unsigned int);
static inline int csqlite_rename_new(const char *from, const char *to) {
  return renameat2(AT_FDCWD, from, AT_FDCWD, to, 1);
}

// glibc declares pthread_setname_np for _GNU_SOURCE only.
extern int pthread_setname_np(pthread_t, const char *);
static inline void csqlite_name_thread(const char *name) {
  pthread_setname_np(pthread_self(), name);
}

#endif
