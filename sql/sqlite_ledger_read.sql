-- A body that reads the ledger sees it as the step before it left it, however it asks.
CREATE TABLE seen (how text, revision text);
SELECT migrate_revision('one', 'CREATE TABLE a (x);', 'DROP TABLE a', 'r1');
SELECT migrate_revision('two', 'INSERT INTO seen SELECT ''version'', version_num FROM migrate_version; CREATE TABLE b (x);', 'DROP TABLE b; INSERT INTO seen SELECT ''down'', version_num FROM migrate_version', 'r2');
SELECT migrate_revision('three', 'INSERT INTO seen SELECT ''log'', revision FROM [MIGRATE_log] WHERE action = ''upgrade'';', 'INSERT INTO seen SELECT ''down log'', revision FROM main."migrate_log" WHERE action = ''downgrade''', 'r3');
SELECT migrate_revision('four', 'INSERT INTO seen SELECT ''current'', revision FROM migrate_current(); CREATE VIEW head AS SELECT version_num FROM migrate_version;', 'DROP VIEW head', 'r4');
-- A view that a body has made names the ledger for the bodies after it.
SELECT migrate_revision('five', 'CREATE TABLE c (x);', 'INSERT INTO seen SELECT ''down view'', version_num FROM head', 'r5');
SELECT migrate_revision('six', 'INSERT INTO seen SELECT ''view'', version_num FROM head;', 'DROP TABLE c', 'r6');
SELECT migrate_upgrade();
SELECT how, revision FROM seen ORDER BY rowid;
SELECT revision, from_version, to_version, statements FROM migrate_log WHERE action = 'upgrade' ORDER BY id;
SELECT version_num FROM migrate_version;
DELETE FROM seen;
SELECT migrate_downgrade('base');
SELECT how, revision FROM seen ORDER BY rowid;
SELECT count(*) FROM migrate_version;
SELECT revision, from_version, to_version FROM migrate_log WHERE action = 'downgrade' ORDER BY id;
-- So does a view that was there before, a TEMP one too, and a trigger that reads.
DELETE FROM seen;
CREATE VIEW at AS SELECT version_num FROM migrate_version;
CREATE TEMP VIEW temp_at AS SELECT count(*) AS n FROM migrate_log WHERE action = 'upgrade';
CREATE TABLE noted (x);
CREATE TRIGGER noting AFTER INSERT ON noted BEGIN INSERT INTO seen SELECT 'trigger', version_num FROM migrate_version; END;
SELECT migrate_revision('one', 'INSERT INTO seen SELECT ''view'', version_num FROM at;', '', 's1', 'base');
SELECT migrate_revision('two', 'INSERT INTO seen SELECT ''view'', version_num FROM at; INSERT INTO noted VALUES (1);', '', 's2', 's1');
SELECT migrate_revision('three', 'INSERT INTO seen SELECT ''temp'', n FROM temp_at;', '', 's3', 's2');
SELECT migrate_upgrade('s3');
SELECT how, revision FROM seen ORDER BY rowid;
-- A failure in the middle leaves nothing, of what was written before it was needed either.
SELECT migrate_revision('four', 'INSERT INTO seen SELECT ''rolled back'', version_num FROM at;', '', 's4', 's3');
SELECT migrate_revision('five', 'CREATE TABLE a (x); CREATE TABLE a (x);', '', 's5', 's4');
SELECT migrate_upgrade('s5');
SELECT version_num FROM migrate_version;
SELECT count(*) FROM migrate_log WHERE revision IN ('s4', 's5') AND action = 'upgrade';
SELECT count(*) FROM seen WHERE how = 'rolled back';
-- Inside the caller's transaction the rows are there when the call ends, and go with the transaction.
BEGIN;
SELECT migrate_upgrade('s4');
SELECT version_num FROM migrate_version;
SELECT count(*) FROM migrate_log WHERE revision = 's4' AND action = 'upgrade';
SELECT migrate_upgrade('s5');
SELECT version_num FROM migrate_version;
ROLLBACK;
SELECT version_num FROM migrate_version;
SELECT count(*) FROM migrate_log WHERE revision = 's4' AND action = 'upgrade';
-- The ledger changed by a trigger behind a body's back is still refused.
CREATE TRIGGER forging AFTER INSERT ON noted BEGIN UPDATE migrate_version SET version_num = 'forged'; END;
SELECT migrate_edit('s4', 'INSERT INTO noted VALUES (2)');
SELECT migrate_upgrade('s4');
SELECT version_num FROM migrate_version;
