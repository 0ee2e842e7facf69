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
 *   paced   `same` at a rate, with one or two commits a message
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
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

/* The statements of a commit of the library. */
static struct {
  sqlite3_stmt *begin, *commit, *version, *append, *finish, *enqueue, *sent, *counter;
} sql;

static void prepare_all(const char *migration) {
  run(read_file(migration));
  sql.begin = prepare("BEGIN IMMEDIATE");
  sql.commit = prepare("COMMIT");
  sql.version = prepare("PRAGMA data_version");
  sql.append = prepare(
      "INSERT OR FAIL INTO journal (id, state, attempts, flags, run, topic, node, client, received_at, state_at, data, lane,"
      " last_error) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)");
  sql.finish = prepare("UPDATE OR FAIL journal SET state = 8, state_at = ?3 WHERE id BETWEEN ?1 AND ?2 AND state = 3");
  sql.enqueue = prepare(
      "INSERT OR FAIL INTO outbox (id, state, kind, attempts, writes, flags, message_id, node, target, function, lane,"
      " enqueued_at, state_at, data) VALUES (?1, 2, ?2, 0, 0, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10)");
  sql.sent = prepare(
      "UPDATE OR FAIL outbox SET state = 8, attempts = 1, writes = 1, state_at = ?3 WHERE id BETWEEN ?1 AND ?2 AND state = 2");
  sql.counter = prepare(
      "INSERT INTO counter (ledger, state, n) VALUES (?1, ?2, ?3)"
      " ON CONFLICT (ledger, state) DO UPDATE SET n = n + excluded.n");
}

/* Ids from first to last; none where last is smaller. */
typedef struct {
  long first, last;
} range;

static range within(long first, long last, long messages) {
  return (range){first < 1 ? 1 : first, last < messages ? last : messages};
}

static long length(range ids) {
  return ids.last < ids.first ? 0 : ids.last - ids.first + 1;
}

/* One commit: these came, those were handled and have a command each, and the commands of these were sent. */
static void commit(range arrived, range done, range sent) {
  step(sql.begin);
  step(sql.version);
  sqlite3_int64 time = now();
  if (length(done)) mark(sql.finish, done.first, done.last, time);
  for (long id = arrived.first; id <= arrived.last; id++) {
    sqlite3_bind_int64(sql.append, 1, id);
    sqlite3_bind_int64(sql.append, 2, 3);
    sqlite3_bind_int64(sql.append, 3, 1);
    sqlite3_bind_int64(sql.append, 4, 0);
    sqlite3_bind_int64(sql.append, 5, 1);
    sqlite3_bind_text(sql.append, 6, "chat", 4, SQLITE_STATIC);
    sqlite3_bind_text(sql.append, 7, node, -1, SQLITE_STATIC);
    sqlite3_bind_text(sql.append, 8, clients[id % CLIENTS], 19, SQLITE_STATIC);
    sqlite3_bind_int64(sql.append, 9, time);
    sqlite3_bind_int64(sql.append, 10, time);
    sqlite3_bind_blob(sql.append, 11, payload, PAYLOAD, SQLITE_STATIC);
    step(sql.append);
  }
  for (long id = done.first; id <= done.last; id++) {
    sqlite3_bind_int64(sql.enqueue, 1, id);
    sqlite3_bind_int64(sql.enqueue, 2, 2);
    sqlite3_bind_int64(sql.enqueue, 3, 0);
    sqlite3_bind_int64(sql.enqueue, 4, id);
    sqlite3_bind_text(sql.enqueue, 5, node, -1, SQLITE_STATIC);
    sqlite3_bind_text(sql.enqueue, 6, clients[id % CLIENTS], 19, SQLITE_STATIC);
    sqlite3_bind_int64(sql.enqueue, 9, time);
    sqlite3_bind_blob(sql.enqueue, 10, payload, PAYLOAD, SQLITE_STATIC);
    step(sql.enqueue);
  }
  if (length(sent)) mark(sql.sent, sent.first, sent.last, time);
  count(sql.counter, 1, 3, length(arrived) - length(done));
  count(sql.counter, 1, 8, length(done));
  count(sql.counter, 2, 2, length(done) - length(sent));
  count(sql.counter, 2, 8, length(sent));
  step(sql.commit);
}

static void same(long messages, long batch, int whole) {
  int checkpointed = 0;
  for (long first = 1; first <= messages + (whole ? 2 * batch : 0); first += batch) {
    if (wal_pages < checkpointed) checkpointed = 0;
    if (wal_pages - checkpointed >= 4000) {
      if (sqlite3_wal_checkpoint_v2(db, 0, SQLITE_CHECKPOINT_PASSIVE, 0, 0) != SQLITE_OK) fail("checkpoint");
      checkpointed = wal_pages;
    }
    range none = {1, 0};
    commit(within(first, first + batch - 1, messages), whole ? within(first - batch, first - 1, messages) : none,
           whole ? within(first - 2 * batch, first - batch - 1, messages) : none);
  }
}

static double seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int by_size(const void *a, const void *b) {
  double difference = *(const double *)a - *(const double *)b;
  return (difference > 0) - (difference < 0);
}

/* One message after the other, so many a second, with one or two commits each: what a consumer writes that waits for no company. */
static void paced(long messages, long commits, double rate) {
  double *waits = calloc((size_t)messages, sizeof *waits), from = seconds();
  if (!waits) fail("memory");
  range none = {1, 0};
  for (long id = 1; id <= messages; id++) {
    double pause = from + (double)id / rate - seconds();
    if (pause > 0) {
      struct timespec time = {(time_t)pause, (long)((pause - (double)(time_t)pause) * 1e9)};
      nanosleep(&time, 0);
    }
    double begun = seconds();
    range arrived = {id, id}, before = within(id - 1, id - 1, messages), earlier = within(id - 2, id - 2, messages);
    if (commits == 1) {
      commit(arrived, before, earlier);
    } else {
      commit(arrived, none, before);
    }
    waits[id - 1] = seconds() - begun;
    if (commits == 2) commit(none, arrived, none);
  }
  double took = seconds() - from;
  qsort(waits, (size_t)messages, sizeof *waits, by_size);
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  printf("rate=%.0f cpu_us=%.1f p50_us=%.0f p99_us=%.0f max_us=%.0f\n", (double)messages / took, cpu / (double)messages,
         waits[messages / 2] * 1e6, waits[messages * 99 / 100] * 1e6, waits[messages - 1] * 1e6);
}

int main(int argc, char **argv) {
  if (argc < 5) {
    fprintf(stderr, "usage: baseline plain|same|ingest <messages> <messages a commit> <database> [<migration.sql>]\n"
                    "       baseline paced <messages> <commits a message: 1 or 2> <database> <migration.sql> <messages a second>\n");
    return 2;
  }
  const char *mode = argv[1];
  long messages = atol(argv[2]), batch = atol(argv[3]);
  memset(payload, 'x', sizeof payload);
  for (int i = 0; i < CLIENTS; i++) snprintf(clients[i], sizeof clients[i], "%019lld", 1463786910324359168LL + i);
  int is_plain = strcmp(mode, "plain") == 0, is_paced = strcmp(mode, "paced") == 0;
  if (!is_plain) sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  if (sqlite3_open_v2(argv[4], &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, 0) != SQLITE_OK)
    fail(argv[4]);
  if (is_plain) {
    run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  } else {
    if (argc < (is_paced ? 7 : 6)) fail("the migration or the rate is missing");
    run("PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
        "PRAGMA journal_size_limit = -1; PRAGMA secure_delete = 0; PRAGMA trusted_schema = 0; PRAGMA temp_store = 2;"
        "PRAGMA cache_size = -4096");
    sqlite3_wal_hook(db, wal_hook, 0);
    prepare_all(argv[5]);
  }
  if (is_paced) {
    paced(messages, batch, atof(argv[6]));
    return 0;
  }
  double from = seconds();
  if (is_plain) plain(messages, batch);
  else same(messages, batch, strcmp(mode, "same") == 0);
  printf("rate=%.0f\n", (double)messages / (seconds() - from));
  return 0;
}
