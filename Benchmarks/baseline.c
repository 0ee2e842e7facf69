/* The rows of the consumer's work, from C: what SQLite itself allows on this machine.
 *
 *   baseline <mode> <messages> <messages a commit> <database> [<migration.sql>]
 *
 * Per message: (a) INSERT into the journal, (b) UPDATE it to done, (c) INSERT into the outbox, (d) UPDATE it to sent.
 * As in the consumer, one commit holds (a) of the newest batch, (b) and (c) of the batch before, (d) of the one before that.
 *
 *   plain   one table each with a partial index on its open rows, row by row, SQLite's defaults beside WAL and FULL
 *   same    the library's schema, statements, pragmas, counters and checkpoints
 *   ingest  (a) of `same` alone
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAYLOAD 200
#define CLIENTS 100

static sqlite3 *db;
static char payload[PAYLOAD];
static char clients[CLIENTS][24];
static const char *node = "node-1";
static int wal_pages;

static void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, db ? sqlite3_errmsg(db) : "");
  exit(1);
}

static void run(const char *sql) {
  if (sqlite3_exec(db, sql, 0, 0, 0) != SQLITE_OK) fail(sql);
}

static sqlite3_stmt *prepare(const char *sql) {
  sqlite3_stmt *statement;
  if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, 0) != SQLITE_OK) fail(sql);
  return statement;
}

static void step(sqlite3_stmt *statement) {
  int result;
  while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
  }
  if (result != SQLITE_DONE) fail(sqlite3_sql(statement));
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
}

static sqlite3_int64 now(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (sqlite3_int64)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int wal_hook(void *unused, sqlite3 *handle, const char *name, int pages) {
  (void)unused, (void)handle, (void)name;
  wal_pages = pages;
  return SQLITE_OK;
}

static void plain(long messages, long batch) {
  run("CREATE TABLE journal (id INTEGER PRIMARY KEY, state INTEGER NOT NULL, topic TEXT NOT NULL, node TEXT NOT NULL,"
      " client TEXT NOT NULL, received_at INTEGER NOT NULL, data BLOB NOT NULL);"
      "CREATE INDEX journal_open ON journal (id) WHERE state < 8;"
      "CREATE TABLE outbox (id INTEGER PRIMARY KEY, state INTEGER NOT NULL, message_id INTEGER NOT NULL,"
      " target TEXT NOT NULL, enqueued_at INTEGER NOT NULL, data BLOB NOT NULL);"
      "CREATE INDEX outbox_open ON outbox (id) WHERE state < 8");
  sqlite3_stmt *begin = prepare("BEGIN IMMEDIATE"), *commit = prepare("COMMIT");
  sqlite3_stmt *append = prepare("INSERT INTO journal VALUES (?1, 3, ?2, ?3, ?4, ?5, ?6)");
  sqlite3_stmt *finish = prepare("UPDATE journal SET state = 8 WHERE id = ?1");
  sqlite3_stmt *enqueue = prepare("INSERT INTO outbox VALUES (?1, 2, ?1, ?2, ?3, ?4)");
  sqlite3_stmt *sent = prepare("UPDATE outbox SET state = 8 WHERE id = ?1");
  for (long first = 1; first <= messages + 2 * batch; first += batch) {
    step(begin);
    sqlite3_int64 time = now();
    for (long id = first - batch; id < first; id++) {
      if (id < 1 || id > messages) continue;
      sqlite3_bind_int64(finish, 1, id);
      step(finish);
    }
    for (long id = first; id < first + batch && id <= messages; id++) {
      sqlite3_bind_int64(append, 1, id);
      sqlite3_bind_text(append, 2, "chat", 4, SQLITE_STATIC);
      sqlite3_bind_text(append, 3, node, -1, SQLITE_STATIC);
      sqlite3_bind_text(append, 4, clients[id % CLIENTS], 19, SQLITE_STATIC);
      sqlite3_bind_int64(append, 5, time);
      sqlite3_bind_blob(append, 6, payload, PAYLOAD, SQLITE_STATIC);
      step(append);
    }
    for (long id = first - batch; id < first; id++) {
      if (id < 1 || id > messages) continue;
      sqlite3_bind_int64(enqueue, 1, id);
      sqlite3_bind_text(enqueue, 2, clients[id % CLIENTS], 19, SQLITE_STATIC);
      sqlite3_bind_int64(enqueue, 3, time);
      sqlite3_bind_blob(enqueue, 4, payload, PAYLOAD, SQLITE_STATIC);
      step(enqueue);
    }
    for (long id = first - 2 * batch; id < first - batch; id++) {
      if (id < 1 || id > messages) continue;
      sqlite3_bind_int64(sent, 1, id);
      step(sent);
    }
    step(commit);
  }
}

static char *read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file) fail(path);
  char *text = calloc(1, 1 << 20);
  if (fread(text, 1, (1 << 20) - 1, file) == 0) fail(path);
  fclose(file);
  return text;
}

/* The library's marks: a range, or a JSON array where there are fewer than three in a row. */
static void mark(sqlite3_stmt *range, long first, long last, sqlite3_int64 time) {
  sqlite3_bind_int64(range, 1, first);
  sqlite3_bind_int64(range, 2, last);
  sqlite3_bind_int64(range, 3, time);
  step(range);
}

static void count(sqlite3_stmt *counter, int ledger, int state, long n) {
  if (n == 0) return;
  sqlite3_bind_int64(counter, 1, ledger);
  sqlite3_bind_int64(counter, 2, state);
  sqlite3_bind_int64(counter, 3, n);
  step(counter);
}

static void same(const char *migration, long messages, long batch, int whole) {
  char *schema = read_file(migration);
  run(schema);
  sqlite3_stmt *begin = prepare("BEGIN IMMEDIATE"), *commit = prepare("COMMIT"), *version = prepare("PRAGMA data_version");
  sqlite3_stmt *append = prepare(
      "INSERT OR FAIL INTO journal (id, state, attempts, flags, run, topic, node, client, received_at, state_at, data, lane,"
      " last_error) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)");
  sqlite3_stmt *finish =
      prepare("UPDATE OR FAIL journal SET state = 8, state_at = ?3 WHERE id BETWEEN ?1 AND ?2 AND state = 3");
  sqlite3_stmt *enqueue = prepare(
      "INSERT OR FAIL INTO outbox (id, state, kind, attempts, writes, flags, message_id, node, target, function, lane,"
      " enqueued_at, state_at, data) VALUES (?1, 2, ?2, 0, 0, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10)");
  sqlite3_stmt *sent = prepare(
      "UPDATE OR FAIL outbox SET state = 8, attempts = 1, writes = 1, state_at = ?3 WHERE id BETWEEN ?1 AND ?2 AND state = 2");
  sqlite3_stmt *counter = prepare(
      "INSERT INTO counter (ledger, state, n) VALUES (?1, ?2, ?3)"
      " ON CONFLICT (ledger, state) DO UPDATE SET n = n + excluded.n");
  int checkpointed = 0;
  for (long first = 1; first <= messages + (whole ? 2 * batch : 0); first += batch) {
    if (wal_pages < checkpointed) checkpointed = 0;
    if (wal_pages - checkpointed >= 4000) {
      if (sqlite3_wal_checkpoint_v2(db, 0, SQLITE_CHECKPOINT_PASSIVE, 0, 0) != SQLITE_OK) fail("checkpoint");
      checkpointed = wal_pages;
    }
    step(begin);
    step(version);
    sqlite3_int64 time = now();
    long done_first = first - batch, done_last = first - 1 < messages ? first - 1 : messages;
    long done = whole && done_first >= 1 && done_last >= done_first ? done_last - done_first + 1 : 0;
    if (done) mark(finish, done_first, done_last, time);
    long added = 0;
    for (long id = first; id < first + batch && id <= messages; id++, added++) {
      sqlite3_bind_int64(append, 1, id);
      sqlite3_bind_int64(append, 2, 3);
      sqlite3_bind_int64(append, 3, 1);
      sqlite3_bind_int64(append, 4, 0);
      sqlite3_bind_int64(append, 5, 1);
      sqlite3_bind_text(append, 6, "chat", 4, SQLITE_STATIC);
      sqlite3_bind_text(append, 7, node, -1, SQLITE_STATIC);
      sqlite3_bind_text(append, 8, clients[id % CLIENTS], 19, SQLITE_STATIC);
      sqlite3_bind_int64(append, 9, time);
      sqlite3_bind_int64(append, 10, time);
      sqlite3_bind_blob(append, 11, payload, PAYLOAD, SQLITE_STATIC);
      step(append);
    }
    for (long id = done_first; done && id <= done_last; id++) {
      sqlite3_bind_int64(enqueue, 1, id);
      sqlite3_bind_int64(enqueue, 2, 2);
      sqlite3_bind_int64(enqueue, 3, 0);
      sqlite3_bind_int64(enqueue, 4, id);
      sqlite3_bind_text(enqueue, 5, node, -1, SQLITE_STATIC);
      sqlite3_bind_text(enqueue, 6, clients[id % CLIENTS], 19, SQLITE_STATIC);
      sqlite3_bind_int64(enqueue, 9, time);
      sqlite3_bind_blob(enqueue, 10, payload, PAYLOAD, SQLITE_STATIC);
      step(enqueue);
    }
    long sent_first = first - 2 * batch, sent_last = first - batch - 1 < messages ? first - batch - 1 : messages;
    long sents = whole && sent_first >= 1 && sent_last >= sent_first ? sent_last - sent_first + 1 : 0;
    if (sents) mark(sent, sent_first, sent_last, time);
    count(counter, 1, 3, added - done);
    count(counter, 1, 8, done);
    count(counter, 2, 2, done - sents);
    count(counter, 2, 8, sents);
    step(commit);
  }
}

int main(int argc, char **argv) {
  if (argc < 5) {
    fprintf(stderr, "usage: baseline plain|same|ingest <messages> <messages a commit> <database> [<migration.sql>]\n");
    return 2;
  }
  const char *mode = argv[1];
  long messages = atol(argv[2]), batch = atol(argv[3]);
  memset(payload, 'x', sizeof payload);
  for (int i = 0; i < CLIENTS; i++) snprintf(clients[i], sizeof clients[i], "%019lld", 1463786910324359168LL + i);
  int is_plain = strcmp(mode, "plain") == 0;
  if (!is_plain) sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  if (sqlite3_open_v2(argv[4], &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, 0) != SQLITE_OK)
    fail(argv[4]);
  if (is_plain) {
    run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  } else {
    if (argc < 6) fail("the migration is missing");
    run("PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
        "PRAGMA journal_size_limit = -1; PRAGMA secure_delete = 0; PRAGMA trusted_schema = 0; PRAGMA temp_store = 2;"
        "PRAGMA cache_size = -4096");
    sqlite3_wal_hook(db, wal_hook, 0);
  }
  struct timespec from, to;
  clock_gettime(CLOCK_MONOTONIC, &from);
  if (is_plain) plain(messages, batch);
  else same(argv[5], messages, batch, strcmp(mode, "same") == 0);
  clock_gettime(CLOCK_MONOTONIC, &to);
  double seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
  printf("rate=%.0f\n", (double)messages / seconds);
  return 0;
}
