-- In autocommit a call is a transaction of its own; in the caller's it is a part of it.
CREATE TABLE mine (x);
SELECT migrate_revision('one', 'CREATE TABLE t1 (x)', 'DROP TABLE t1', 'r1');
SELECT migrate_revision('two', 'CREATE TABLE t2 (x)', 'DROP TABLE t2', 'r2');
SELECT migrate_revision('broken', 'CREATE TABLE t3 (x); CREATE TABLE t1 (x)', 'DROP TABLE t3', 'r3');
BEGIN;
INSERT INTO mine VALUES (1);
SELECT migrate_upgrade('r2');
-- A failed call takes back what it did, and no more.
SELECT migrate_upgrade();
SELECT count(*) FROM mine;
SELECT name FROM sqlite_schema WHERE name LIKE 't_' ORDER BY name;
COMMIT;
SELECT version_num FROM migrate_version;
-- Savepoints of the caller's.
SAVEPOINT a;
INSERT INTO mine VALUES (2);
SAVEPOINT b;
SELECT migrate_downgrade('base');
SELECT count(*) FROM migrate_version;
ROLLBACK TO b;
SELECT version_num FROM migrate_version;
RELEASE a;
SELECT count(*) FROM mine;
-- The call stands alone in its statement: not beside a table's rows, not in triggers, views or checks.
SELECT migrate_upgrade(x) FROM mine;
SELECT migrate_upgrade('r2') UNION ALL SELECT x FROM mine;
CREATE TABLE copies AS SELECT migrate_upgrade('r2');
INSERT INTO mine SELECT migrate_downgrade('base');
CREATE TRIGGER sneaky AFTER INSERT ON mine BEGIN SELECT migrate_downgrade('base'); END;
INSERT INTO mine VALUES (3);
DROP TRIGGER sneaky;
CREATE VIEW v AS SELECT migrate_downgrade('base');
SELECT * FROM v;
DROP VIEW v;
SELECT version_num FROM migrate_version;
SELECT count(*) FROM mine;
-- Readers go anywhere.
CREATE VIEW versions AS SELECT revision, message FROM migrate_current();
SELECT * FROM versions;
SELECT m.x, c.revision FROM mine m JOIN migrate_current() c ORDER BY m.x;
SELECT revision FROM migrate_history() WHERE is_applied ORDER BY revision LIMIT 1;
-- A deferred foreign key that a run leaves broken.
PRAGMA foreign_keys = ON;
SELECT migrate_edit('r3', 'CREATE TABLE p (id integer PRIMARY KEY);
CREATE TABLE c (p integer REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO c VALUES (5);', '');
SELECT migrate_upgrade();
SELECT count(*) FROM sqlite_schema WHERE name IN ('p', 'c');
SELECT version_num FROM migrate_version;
-- A read-only connection reads, and is told so when it would write.
PRAGMA query_only = ON;
SELECT migrate_upgrade('r2');
SELECT migrate_downgrade('base');
SELECT revision FROM migrate_current();
PRAGMA query_only = OFF;
