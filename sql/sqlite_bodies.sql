-- What fails in a body is named by revision, statement, line and column, with the place shown; nothing of the call stays.
SELECT migrate_revision('users', 'CREATE TABLE users (id integer PRIMARY KEY, email text UNIQUE);', 'DROP TABLE users', 'r1');
SELECT migrate_upgrade();
SELECT migrate_revision('fails', 'CREATE TABLE extra (x);
INSERT INTO users VALUES (1, ''ada'');
  CREATE TABEL oops (x);
DROP TABLE extra;', '', 'r2');
SELECT migrate_upgrade();
SELECT count(*) FROM sqlite_schema WHERE name = 'extra';
SELECT count(*) FROM users;
SELECT migrate_edit('r2', '-- a comment; with a semicolon
UPDATE users
   SET mail = ''x'';');
SELECT migrate_upgrade();
SELECT migrate_edit('r2', 'INSERT INTO nowhere VALUES (1)');
SELECT migrate_upgrade();
SELECT migrate_edit('r2', 'INSERT INTO users VALUES (1, ''ada'');
INSERT INTO users VALUES (2, ''ada'');');
SELECT migrate_upgrade();
SELECT count(*) FROM users;
SELECT migrate_edit('r2', 'CREATE TABLE t (x');
SELECT migrate_upgrade();
-- A broken way down, too.
SELECT migrate_edit('r2', 'CREATE TABLE t (x);', 'DROP TABLE t; DROP TABLE tt;');
SELECT migrate_upgrade();
SELECT migrate_downgrade('-1');
SELECT version_num FROM migrate_version;
SELECT count(*) FROM t;
-- What cannot run in a transaction, or would end it, is refused before anything runs.
SELECT migrate_revision('x', 'CREATE TABLE a (x); COMMIT; CREATE TABLE b (x);', '', 's1', 'r2');
SELECT migrate_upgrade();
SELECT count(*) FROM sqlite_schema WHERE name = 'a';
SELECT migrate_edit('s1', 'SAVEPOINT mine');
SELECT migrate_upgrade();
SELECT migrate_edit('s1', 'ATTACH ''other.db'' AS other');
SELECT migrate_upgrade();
SELECT migrate_edit('s1', 'VACUUM');
SELECT migrate_upgrade();
SELECT migrate_edit('s1', 'PRAGMA journal_mode = wal');
SELECT migrate_upgrade();
SELECT migrate_edit('s1', 'INSERT INTO users (email) VALUES (?1)');
SELECT migrate_upgrade();
SELECT migrate_edit('s1', 'INSERT INTO users (email) VALUES (:name)');
SELECT migrate_upgrade();
-- What no engine can split into statements is not even stored.
SELECT migrate_edit('s1', 'SELECT ''unterminated');
SELECT migrate_edit('s1', 'SELECT 1 /* open');
-- One BEGIN ... COMMIT around the whole is no more than that; pragmas that are safe run.
SELECT migrate_edit('s1', 'BEGIN TRANSACTION;
PRAGMA user_version = 7;
CREATE TABLE a (x);
END;', 'BEGIN; PRAGMA user_version = 0; DROP TABLE a; COMMIT;');
SELECT migrate_upgrade();
PRAGMA user_version;
SELECT migrate_downgrade('-1');
PRAGMA user_version;
-- Triggers have semicolons of their own; strings and comments, too.
SELECT migrate_revision('trigger', 'CREATE TABLE log (t text);
CREATE TRIGGER users_log AFTER INSERT ON users BEGIN
  INSERT INTO log VALUES (''new; user'');
  UPDATE log SET t = CASE WHEN t IS NULL THEN '''' ELSE t END;
END;
/* the end; really */ INSERT INTO users (email) VALUES (''a;b'')', 'DROP TRIGGER users_log; DROP TABLE log;', 't1');
SELECT migrate_upgrade();
SELECT t FROM log;
-- A body cannot run migrations nor change the ledger.
SELECT migrate_revision('x', 'SELECT migrate_downgrade(''base'')', '', 'u1');
SELECT migrate_upgrade();
SELECT migrate_edit('u1', 'DELETE FROM migrate_log');
SELECT migrate_upgrade();
SELECT migrate_edit('u1', 'DROP TABLE migrate_version');
SELECT migrate_upgrade();
SELECT migrate_edit('u1', 'CREATE TRIGGER later AFTER INSERT ON migrate_log BEGIN SELECT 1; END');
SELECT migrate_upgrade();
SELECT count(*) FROM migrate_validate();
