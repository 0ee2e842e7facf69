-- Everything that is kept, from the first version on.
--
-- Rules that hold for all tables (measured; see docs/store.md):
--   * states are integers of one byte (2 ... 127), so that a change of state never changes a row's size, and
--     CHECK (state BETWEEN ...) costs nothing while CHECK (state IN (...)) halves the rate;
--   * open states are below 8, finished ones are 8 and above: the partial indexes hold open rows only, so ten
--     million finished rows cost the hot path nothing;
--   * times are microseconds since 1970, UTC; ids are given by the writer and never used twice (pruning keeps the
--     newest row of a table).

-- How many rows are in which state. Kept, because counting ten million rows takes a second.
-- ledger: 1 journal, 2 outbox.
CREATE TABLE counter (
    ledger INTEGER NOT NULL,
    state  INTEGER NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (ledger, state)
) STRICT, WITHOUT ROWID;

-- One row for each time a consumer owned this file.
CREATE TABLE run (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    pid             INTEGER NOT NULL,
    version         TEXT    NOT NULL,
    handler_version TEXT,
    synchronous     TEXT    NOT NULL,
    started_at      INTEGER NOT NULL,
    ended_at        INTEGER,               -- NULL: running, or ended uncleanly
    clean           INTEGER NOT NULL DEFAULT 0 CHECK (clean BETWEEN 0 AND 1),
    recovered       INTEGER NOT NULL DEFAULT 0   -- entries found running when this run began
) STRICT;

-- What came in. state: 2 pending, 3 running, 8 done, 9 dead, 10 discarded.
CREATE TABLE journal (
    id              INTEGER PRIMARY KEY,
    state           INTEGER NOT NULL CHECK (state BETWEEN 2 AND 10),
    attempts        INTEGER NOT NULL,
    flags           INTEGER NOT NULL,      -- 1: the client id is a JSON number; 2: may have killed its process; 4: being handled alone
    run             INTEGER NOT NULL,      -- the run that claimed it last
    topic           TEXT    NOT NULL,
    node            TEXT    NOT NULL,
    client          TEXT    NOT NULL,
    received_at     INTEGER NOT NULL,
    state_at        INTEGER NOT NULL,      -- open: may be handled from then on; finished: when it finished
    data            BLOB    NOT NULL,      -- JSON, exactly as received
    lane            TEXT,                  -- NULL: the client
    last_error      TEXT,
    replay_of       INTEGER,
    dedupe_key      TEXT
) STRICT;

CREATE INDEX journal_open ON journal (id) WHERE state < 8;
CREATE INDEX journal_troubled ON journal (id) WHERE state > 8;
CREATE INDEX journal_replays ON journal (replay_of) WHERE replay_of IS NOT NULL;

-- Attempts that failed, and operators' interventions between them.
-- outcome: 1 failed, 2 permanent, 3 timeout, 4 crashed, 5 retry asked for.
CREATE TABLE attempt (
    entry           INTEGER NOT NULL,
    number          INTEGER NOT NULL,
    outcome         INTEGER NOT NULL CHECK (outcome BETWEEN 1 AND 5),
    run             INTEGER NOT NULL,
    started_at      INTEGER NOT NULL,
    ended_at        INTEGER NOT NULL,
    error           TEXT    NOT NULL,
    PRIMARY KEY (entry, number, ended_at)
) STRICT, WITHOUT ROWID;

CREATE INDEX attempt_by_time ON attempt (ended_at);

-- Keys of messages that were seen, for as long as the dedupe window.
CREATE TABLE dedupe (
    key             TEXT    PRIMARY KEY,
    entry           INTEGER NOT NULL,
    seen_at         INTEGER NOT NULL,
    repeats         INTEGER NOT NULL DEFAULT 0,
    repeated_at     INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX dedupe_by_time ON dedupe (seen_at);

-- Lanes that stand still until an operator acts.
CREATE TABLE parked_lane (
    lane            TEXT    PRIMARY KEY,
    entry           INTEGER NOT NULL,      -- the dead head
    parked_at       INTEGER NOT NULL,
    reason          TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- What must go out.
-- state: 2 pending, 8 sent, 9 dead, 10 expired, 11 cancelled, 12 superseded, 13 unknown.
-- kind: 2 mesh.send, 3 mesh.publish, 4 conn.call, 5 another method.
CREATE TABLE outbox (
    id              INTEGER PRIMARY KEY,
    state           INTEGER NOT NULL CHECK (state BETWEEN 2 AND 13),
    kind            INTEGER NOT NULL CHECK (kind BETWEEN 2 AND 5),
    attempts        INTEGER NOT NULL,      -- answers so far
    writes          INTEGER NOT NULL,      -- how often written to a socket
    flags           INTEGER NOT NULL,      -- 1: the client id is a JSON number; 2: binary; 4: at most once; 8: no order
    message_id      INTEGER,               -- the journal entry whose handler issued it
    node            TEXT,                  -- the owning node of a call; otherwise the preferred one, then the one that took it
    target          TEXT    NOT NULL,      -- client or channel
    function        TEXT,                  -- of conn.call; the method's name for kind 5
    lane            TEXT,                  -- NULL: none beside the target's
    enqueued_at     INTEGER NOT NULL,
    state_at        INTEGER NOT NULL,      -- pending: may be sent from then on; finished: when it was settled
    data            BLOB    NOT NULL,      -- mesh: the payload's bytes; call: JSON arguments; otherwise JSON params
    expires_at      INTEGER,
    last_error      TEXT,
    code            INTEGER,
    delivered       INTEGER,
    failed          INTEGER,
    idempotency_key TEXT
) STRICT;

CREATE INDEX outbox_open ON outbox (id) WHERE state < 8;
CREATE INDEX outbox_troubled ON outbox (id) WHERE state > 8;
CREATE INDEX outbox_by_message ON outbox (message_id) WHERE message_id IS NOT NULL;
CREATE UNIQUE INDEX outbox_idempotency ON outbox (idempotency_key) WHERE idempotency_key IS NOT NULL;

-- Each connection to a node, and what it brought (the loss ledger).
CREATE TABLE epoch (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    run             INTEGER NOT NULL,
    node            TEXT    NOT NULL,
    address         TEXT    NOT NULL,
    opened_at       INTEGER NOT NULL,
    consuming_at    INTEGER,
    closed_at       INTEGER,
    clean           INTEGER NOT NULL DEFAULT 0 CHECK (clean BETWEEN 0 AND 1),
    frames          INTEGER NOT NULL DEFAULT 0,
    bytes           INTEGER NOT NULL DEFAULT 0,
    first_entry     INTEGER,
    last_entry      INTEGER,
    reason          TEXT
) STRICT;

-- When a node that the center listed was not being consumed.
CREATE TABLE gap (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    run             INTEGER NOT NULL,
    node            TEXT    NOT NULL,
    address         TEXT    NOT NULL,
    began_at        INTEGER NOT NULL,
    ended_at        INTEGER,
    reason          TEXT    NOT NULL
) STRICT;

-- What operators did, and the rows as they were before.
CREATE TABLE action (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    verb            TEXT    NOT NULL,
    ledger          INTEGER NOT NULL,
    actor           TEXT    NOT NULL,
    reason          TEXT,
    filter          TEXT    NOT NULL,      -- JSON
    state           INTEGER NOT NULL CHECK (state BETWEEN 1 AND 4),  -- 1 running, 2 finished, 3 stopped, 4 undone
    total           INTEGER NOT NULL,
    finished        INTEGER NOT NULL DEFAULT 0,
    created_at      INTEGER NOT NULL,
    ended_at        INTEGER
) STRICT;

CREATE TABLE action_item (
    action          INTEGER NOT NULL,
    row             INTEGER NOT NULL,
    state           INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),  -- 0 planned, 1 applied, 2 skipped, 3 undone
    before          TEXT,                  -- JSON
    result          INTEGER,               -- the new entry of a replay
    PRIMARY KEY (action, row)
) STRICT, WITHOUT ROWID;

-- The live consumer's own account, one row, rewritten at most once a second.
CREATE TABLE runtime (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    run             INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    at_risk         INTEGER NOT NULL,
    at_risk_high    INTEGER NOT NULL,
    nodes           TEXT    NOT NULL,      -- JSON: [{"id", "address", "state"}]
    paused          TEXT                   -- why nothing is taken, NULL while it is
) STRICT;
