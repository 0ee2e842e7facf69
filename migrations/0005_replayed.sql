-- A dead entry that was replayed has a state of its own, 11: it is neither dead nor put aside, and is not replayed again by accident.
--
-- SQLite has no statement that changes a CHECK, and writing ten million rows anew for one that only lets in more would take minutes and the
-- room of the whole file. The text of the schema is changed instead, in the way SQLite describes for this
-- (https://sqlite.org/lang_altertable.html#making_other_kinds_of_table_schema_changes): no row is touched.
PRAGMA writable_schema = ON;

UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (state BETWEEN 2 AND 10)', 'CHECK (state BETWEEN 2 AND 11)')
WHERE type = 'table' AND name = 'journal';

PRAGMA writable_schema = RESET;

-- A change that SQLite makes itself, so that every connection reads the schema anew.
CREATE VIEW connmix_durable_schema_5 AS SELECT 1;
DROP VIEW connmix_durable_schema_5;
