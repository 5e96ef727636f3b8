-- PRAGMA foreign_keys in a body marked transaction:false: in force, checked, and put back.
PRAGMA foreign_keys = ON;
CREATE TABLE p (id integer PRIMARY KEY, name text);
CREATE TABLE c (p integer REFERENCES p (id) ON DELETE CASCADE);
INSERT INTO p VALUES (1, 'one'), (2, 'two');
INSERT INTO c VALUES (1), (2);
SELECT migrate_load('-- migrate:revision 001
-- migrate:up transaction:false
PRAGMA foreign_keys = OFF;
CREATE TABLE p2 (id integer PRIMARY KEY, name text NOT NULL);
INSERT INTO p2 SELECT * FROM p;
DROP TABLE p;
ALTER TABLE p2 RENAME TO p;
PRAGMA foreign_keys = ON;
DELETE FROM p WHERE id = 2;
-- migrate:down
');
SELECT migrate_upgrade();
PRAGMA foreign_keys;
SELECT * FROM c;
SELECT sql FROM sqlite_schema WHERE name = 'p';
-- What it leaves behind is found where enforcement comes back, or at the end.
SELECT migrate_load('-- migrate:revision 002
-- migrate:up transaction:false
PRAGMA foreign_keys = OFF;
INSERT INTO c VALUES (7);
PRAGMA foreign_keys = ON;
CREATE TABLE later (x);
-- migrate:down transaction:false
PRAGMA foreign_keys = OFF;
DROP TABLE later;
INSERT INTO c VALUES (9);
');
SELECT migrate_upgrade();
PRAGMA foreign_keys;
SELECT current, stopped FROM migrate_status();
-- It goes on there; what there was before is not known any more, so that nothing may violate them.
SELECT migrate_upgrade();
DELETE FROM c WHERE p = 7;
SELECT migrate_upgrade();
SELECT migrate_downgrade('001');
SELECT current, stopped FROM migrate_status();
SELECT count(*) FROM c WHERE p = 9;
SELECT count(*) FROM sqlite_schema WHERE name = 'later';
SELECT migrate_resolve('002', 'not applied');
-- A call that goes on behind PRAGMA foreign_keys = OFF has it off again: DROP TABLE takes no rows of c away.
SELECT migrate_load('-- migrate:revision 003
-- migrate:down_revision 001
-- migrate:up transaction:false
PRAGMA foreign_keys = OFF;
CREATE TABLE p3 (id integer PRIMARY KEY, name text UNIQUE);
INSERT INTO p3 SELECT * FROM p UNION ALL SELECT id, name FROM more;
DROP TABLE p;
ALTER TABLE p3 RENAME TO p;
-- migrate:down
');
CREATE TABLE more (id, name);
INSERT INTO more VALUES (5, 'one');
SELECT migrate_upgrade('003');
PRAGMA foreign_keys;
UPDATE more SET name = 'five';
SELECT migrate_upgrade('003');
SELECT * FROM c;
SELECT * FROM p;
PRAGMA foreign_keys;
-- In a block the switch belongs to the block, and what fails in it is rolled back.
SELECT migrate_load('-- migrate:revision 004
-- migrate:down_revision 003
-- migrate:up transaction:false
CREATE TABLE four (x);
BEGIN;
PRAGMA foreign_keys = OFF;
DROP TABLE p;
PRAGMA foreign_keys = ON;
COMMIT;
SELECT 1;
-- migrate:down
');
SELECT migrate_upgrade('004');
SELECT count(*) FROM p;
SELECT current, stopped FROM migrate_status();
SELECT migrate_resolve('004', 'not applied');
-- Deferred keys are looked at before each commit.
CREATE TABLE d (p integer REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED);
SELECT migrate_load('-- migrate:revision 005
-- migrate:down_revision 003
-- migrate:up transaction:false
BEGIN;
INSERT INTO d VALUES (99);
INSERT INTO p VALUES (99, ''ninety-nine'');
COMMIT;
INSERT INTO d VALUES (98);
-- migrate:down
');
SELECT migrate_upgrade('005');
SELECT * FROM d;
-- legacy_alter_table is put back as well.
SELECT migrate_resolve('005', 'applied');
SELECT migrate_load('-- migrate:revision 006
-- migrate:down_revision 005
-- migrate:up transaction:false
PRAGMA legacy_alter_table = ON;
SELECT 1;
-- migrate:down
');
SELECT migrate_upgrade('006');
PRAGMA legacy_alter_table;
