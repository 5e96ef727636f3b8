--
-- A body that stopped half-way: seen, resumed, resolved
--
SELECT migrate_revision('unique', 'CREATE TABLE users (name text);
INSERT INTO users VALUES (''a''), (''a'');
CREATE UNIQUE INDEX CONCURRENTLY users_name ON users (name);
INSERT INTO users VALUES (''z'')', 'DROP TABLE users', '001');
SELECT migrate_revision('last', 'CREATE TABLE last (id int)', 'DROP TABLE last', '002');
CALL migrate_apply();
SELECT * FROM migrate_status();
SELECT * FROM migrate_current();
SELECT statement, statements, outcome, detail FROM migrate_log WHERE action = 'upgrade' ORDER BY id;
SELECT indexrelid::regclass, indisvalid FROM pg_index WHERE indrelid = 'users'::regclass;

-- again: the invalid index is named and dropped, what ran before does not run again
CALL migrate_apply();
DELETE FROM users WHERE ctid = (SELECT min(ctid) FROM users);
CALL migrate_apply();
SELECT indexrelid::regclass, indisvalid FROM pg_index WHERE indrelid = 'users'::regclass;
SELECT * FROM users ORDER BY 1;
SELECT current, stopped FROM migrate_status();

-- nothing passes over a body that stopped, and its text must stay
SELECT migrate_revision('three', 'CREATE TABLE three (id int); VACUUM three; SELECT 1 / 0; VACUUM three', 'DROP TABLE three', '003');
CALL migrate_apply();
SELECT migrate_downgrade('-1');
CALL migrate_apply('001');
SELECT migrate_edit('003', 'CREATE TABLE three (id int); VACUUM three; VACUUM three');
SELECT migrate_delete('003');

-- a DBA's word
SELECT migrate_resolve('003', 'perhaps');
SELECT migrate_resolve('003', NULL);
SELECT migrate_resolve(NULL, 'applied');
SELECT migrate_resolve('nowhere', 'applied');
SELECT migrate_resolve('001:003', 'applied');
SELECT migrate_resolve('002', 'applied');
SELECT migrate_resolve('003', 'not applied');
SELECT current, stopped FROM migrate_status();
SELECT migrate_resolve('003', 'applied');
DROP TABLE three;
SELECT migrate_edit('003', 'CREATE TABLE three (id int); VACUUM three; VACUUM three');
CALL migrate_apply();
SELECT migrate_revision('four', 'CREATE TABLE four (id int); VACUUM nowhere', 'DROP TABLE four; VACUUM nowhere', '004');
CALL migrate_apply();
SELECT migrate_resolve('004', 'applied');
SELECT current, stopped FROM migrate_status();
CALL migrate_apply('003');
SELECT current, stopped FROM migrate_status();
SELECT migrate_resolve('004', 'not applied');
SELECT current, stopped FROM migrate_status();
SELECT action, revision, from_version, to_version, outcome, detail FROM migrate_log WHERE action = 'resolve' ORDER BY id;

SELECT migrate_edit('004', 'CREATE TABLE four (id int)', 'DROP TABLE four');
DROP TABLE IF EXISTS four;

-- a crash leaves `started`: the same way on
SELECT migrate_revision('five', 'CREATE INDEX CONCURRENTLY five ON three (id); DROP INDEX CONCURRENTLY five', '', '005');
INSERT INTO migrate_log (at, actor, action, revision, statement, statements, outcome) VALUES (now(), 'postgres', 'upgrade', '005', 1, 2, 'started');
SELECT current, stopped FROM migrate_status();
CALL migrate_apply('005');
SELECT statement, outcome, detail FROM migrate_log WHERE revision = '005' ORDER BY id;

-- one that was one transaction left nothing: its text is free, marks included; what a body left that ran
-- statement by statement stays, whatever becomes of its text
SELECT migrate_revision('free', 'CREATE TABLE free (id int); SELECT 1 / 0', 'DROP TABLE free', '0051');
CALL migrate_apply();
SELECT current, stopped FROM migrate_status();
SELECT migrate_edit('0051', 'CREATE TABLE free (id int); CREATE INDEX CONCURRENTLY ON free (id); SELECT 1 / 0');
CALL migrate_apply();
SELECT to_regclass('free_id_idx');
SELECT migrate_edit('0051', 'CREATE TABLE frei (id int)');
UPDATE migrate_log SET checksum = 'by another text' WHERE revision = '0051' AND outcome = 'failed';
CALL migrate_apply();
DROP TABLE free;
SELECT migrate_resolve('0051', 'not applied');
SELECT migrate_delete('0051');

-- a transaction of the body may be READ ONLY, a violation seen at its COMMIT only; a statement may let go of
-- the lock of the run
SELECT migrate_revision('commits', 'BEGIN READ ONLY; SELECT 1; COMMIT;
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
SELECT pg_advisory_unlock_all();
DISCARD ALL;
INSERT INTO child VALUES (1)', 'DROP TABLE child, parent; VACUUM', '0052');
CALL migrate_apply();
SELECT current, stopped FROM migrate_status();
INSERT INTO parent VALUES (1);
CALL migrate_apply();
SELECT count(*) FROM child;
CALL migrate_apply('005');
SELECT migrate_delete('0052');

-- the settings
SET limbeck.body_timeout = '100ms';
SELECT migrate_revision('slow', 'VACUUM three; SELECT pg_sleep(10)', '', '006');
CALL migrate_apply();
SELECT stopped FROM migrate_status();
RESET limbeck.body_timeout;
SELECT name, setting, unit, context FROM pg_settings WHERE name LIKE 'limbeck.%' ORDER BY name;
