-- What the live consumer's commands wait for: JSON, [{"node", "since", "commands"}], NULL where nothing waits for a node.
ALTER TABLE runtime ADD COLUMN waiting TEXT;
