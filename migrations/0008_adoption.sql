-- Each time a copy took the place of a file that was lost. What came into that file after the copy was made is in neither, and ids that
-- were given there must not be given again: handlers may know messages by them.
CREATE TABLE adoption (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    copied_at       INTEGER NOT NULL,      -- the newest time in the copy
    adopted_at      INTEGER NOT NULL,
    host            TEXT    NOT NULL,
    reason          TEXT,
    last_entry      INTEGER NOT NULL,      -- the copy's highest id
    first_entry     INTEGER NOT NULL,      -- the next one that is given
    last_command    INTEGER NOT NULL,
    first_command   INTEGER NOT NULL
) STRICT;
