-- What other processes changed, so that the consumer looks only where there is something to see: a web server that enqueues all
-- day must not make it read the journal over and over. Whoever is not the consumer counts up in its transaction.
-- what: 1 entries of the journal (or parked lanes), 2 commands that were there, 3 commands that are new, 4 operators' records only.
CREATE TABLE change (
    what            INTEGER PRIMARY KEY,
    version         INTEGER NOT NULL
) STRICT;

INSERT INTO change (what, version) VALUES (1, 0), (2, 0), (3, 0), (4, 0);

-- What a later command may supersede it by; NULL for nearly all.
ALTER TABLE outbox ADD COLUMN compaction_key TEXT;

CREATE INDEX outbox_compacting ON outbox (compaction_key) WHERE state < 8 AND compaction_key IS NOT NULL;

-- Commands that expire, found without reading the others; publishes that reached only some.
CREATE INDEX outbox_expiring ON outbox (expires_at) WHERE state < 8 AND expires_at IS NOT NULL;
CREATE INDEX outbox_partial ON outbox (id) WHERE failed > 0;

-- Whoever counts what is dead reads this and not the rows: they lie all over a large file.
DROP INDEX journal_troubled;
CREATE INDEX journal_troubled ON journal (id, state, attempts, received_at) WHERE state > 8;

-- What is left of a long action, without walking what was worked.
CREATE INDEX action_planned ON action_item (action, row) WHERE state = 0;

-- The most messages that were read and not committed at one time in a run (loss bound), and why a run ended, where it says.
ALTER TABLE run ADD COLUMN at_risk_high INTEGER NOT NULL DEFAULT 0;
-- The most there may be; NULL for runs of earlier versions.
ALTER TABLE run ADD COLUMN at_risk_limit INTEGER;

-- Times without consumption that follow each other closely, for one reason, are one row: how many they were, and for how many
-- microseconds the node was consumed between them.
ALTER TABLE gap ADD COLUMN times INTEGER NOT NULL DEFAULT 1;
ALTER TABLE gap ADD COLUMN consumed INTEGER NOT NULL DEFAULT 0;

-- Which epochs and gaps a run left, newest first, without reading all.
CREATE INDEX epoch_by_time ON epoch (opened_at);
CREATE INDEX gap_by_time ON gap (began_at);
