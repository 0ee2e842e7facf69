-- Why a node was not consumed, beside the words for people:
-- 1 not connected yet, 2 the same after a restart of the node, 3 the connection ended, 4 queue.pop failed, 5 the consumer paused,
-- 6 no consumer was running.
ALTER TABLE gap ADD COLUMN cause INTEGER NOT NULL DEFAULT 1 CHECK (cause BETWEEN 1 AND 6);

UPDATE gap SET cause = CASE
    WHEN reason LIKE '%restarted%' THEN 2
    WHEN reason LIKE 'not connected yet%' THEN 1
    WHEN reason LIKE 'the connection ended%' THEN 3
    WHEN reason LIKE 'paused%' THEN 5
    WHEN reason LIKE 'no consumer was running%' THEN 6
    ELSE 4
END;

-- How a connection ended: 1 by itself or in order, 2 with its process.
ALTER TABLE epoch ADD COLUMN cause INTEGER NOT NULL DEFAULT 1 CHECK (cause BETWEEN 1 AND 2);

UPDATE epoch SET cause = 2 WHERE reason LIKE 'the process died%';
