-- Messages and checksums are read when they are needed: of a current revision, of one that runs, of one that stopped half-way. What is read
-- so is the row as it is then.
SELECT migrate_revision('third', '', '', '003');
SELECT migrate_revision('fourth', '', '', '004', '003');
SELECT migrate_upgrade('003');
SELECT message FROM migrate_current();
SELECT message FROM migrate_current();
UPDATE migrate_revision SET message = 'drittens' WHERE revision = '003';
SELECT message FROM migrate_current();
SELECT revision, message FROM migrate_history();
SELECT message FROM migrate_current();
\c -
SELECT message FROM migrate_current();
SELECT message FROM migrate_current();
SELECT migrate_upgrade('004');
SELECT message FROM migrate_current();
SELECT migrate_downgrade('003');
BEGIN;
SELECT message FROM migrate_current();
UPDATE migrate_revision SET message = 'never' WHERE revision = '003';
SELECT message FROM migrate_current();
ROLLBACK;
SELECT message FROM migrate_current();
SELECT l.action, l.checksum = r.checksum AS same FROM migrate_log l JOIN migrate_revision r USING (revision) WHERE revision = '004' ORDER BY id;
SELECT migrate_graph();
-- One that stopped: changed since, it is not gone on with.
SELECT migrate_load($$-- migrate:revision 005
-- migrate:down_revision 004
-- migrate:up transaction:false
CREATE TABLE stopped (id int);
SELECT 1 / 0;
-- migrate:down
DROP TABLE stopped;
$$);
\c -
CALL migrate_apply('005');
\c -
SELECT stopped FROM migrate_status();
SELECT migrate_upgrade('005');
CALL migrate_apply('005');
UPDATE migrate_log SET checksum = 'another' WHERE revision = '005' AND action = 'upgrade';
CALL migrate_apply('005');
\c -
CALL migrate_apply('005');
