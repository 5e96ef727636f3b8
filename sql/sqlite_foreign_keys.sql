-- PRAGMA foreign_keys does nothing inside a transaction; around a hand-written rebuild in a body it has its meaning.
PRAGMA foreign_keys = ON;
SELECT migrate_revision('tables', 'CREATE TABLE parents (id integer PRIMARY KEY, name text);
CREATE TABLE children (id integer PRIMARY KEY, parent integer NOT NULL REFERENCES parents (id) ON DELETE CASCADE);
INSERT INTO parents VALUES (1, ''a''), (2, ''b'');
INSERT INTO children VALUES (10, 1), (20, 2), (21, 2);', 'DROP TABLE children; DROP TABLE parents;', 'r1');
SELECT migrate_upgrade();
SELECT migrate_revision('names are needed', 'PRAGMA foreign_keys=OFF;
CREATE TABLE new_parents (id integer PRIMARY KEY, name text NOT NULL);
INSERT INTO new_parents SELECT id, name FROM parents;
DROP TABLE parents;
ALTER TABLE new_parents RENAME TO parents;
PRAGMA foreign_keys=ON;', 'PRAGMA foreign_keys=OFF;
CREATE TABLE new_parents (id integer PRIMARY KEY, name text);
INSERT INTO new_parents SELECT id, name FROM parents;
DROP TABLE parents;
ALTER TABLE new_parents RENAME TO parents;
PRAGMA foreign_keys=ON;', 'r2');
SELECT migrate_upgrade();
-- No child was lost, and the setting is as it was.
SELECT count(*) FROM children;
PRAGMA foreign_keys;
INSERT INTO children VALUES (30, 3);
SELECT migrate_downgrade('-1');
SELECT count(*) FROM children;
-- In the caller's transaction, too.
BEGIN;
SELECT migrate_upgrade();
SELECT count(*) FROM children;
PRAGMA foreign_keys;
INSERT INTO children VALUES (30, 3);
COMMIT;
-- Rows that the rebuild left without their parent are an error that lists them.
SELECT migrate_revision('loses a parent', 'PRAGMA foreign_keys=OFF;
DELETE FROM parents WHERE id = 2;
PRAGMA foreign_keys=ON;', '', 'r3');
SELECT migrate_upgrade();
SELECT count(*) FROM parents;
PRAGMA foreign_keys;
-- A body that never turns it on again leaves the application's setting alone, and is checked as well.
SELECT migrate_edit('r3', 'PRAGMA foreign_keys=OFF;
DELETE FROM parents WHERE id = 2;
DELETE FROM children WHERE parent = 2;');
SELECT migrate_upgrade();
PRAGMA foreign_keys;
SELECT count(*) FROM children;
-- Violations from before are not this run's fault.
PRAGMA foreign_keys = OFF;
INSERT INTO children VALUES (40, 4);
PRAGMA foreign_keys = ON;
SELECT migrate_downgrade('r1');
SELECT migrate_stamp('r1');
SELECT migrate_upgrade('r2');
PRAGMA foreign_keys;
-- With the setting off nobody is asked.
PRAGMA foreign_keys = OFF;
SELECT migrate_downgrade('-1');
PRAGMA foreign_keys;
