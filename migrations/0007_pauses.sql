-- What waits until somebody lets it go on: the messages of a topic, or of all (topic ''). intake: its queue is not popped either.
CREATE TABLE pause (
    topic           TEXT    PRIMARY KEY,
    intake          INTEGER NOT NULL CHECK (intake BETWEEN 0 AND 1),
    paused_at       INTEGER NOT NULL,
    actor           TEXT    NOT NULL,
    reason          TEXT
) STRICT, WITHOUT ROWID;
