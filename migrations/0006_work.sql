-- What the live consumer does: JSON, [{"handler", "trouble", "since"}, {"topic"}, ...]; a member that has nothing to say is missing.
ALTER TABLE runtime ADD COLUMN work TEXT;
