-- An error of a body says where, and keeps everything that the server said.
SELECT migrate_revision('users', 'CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL)', 'DROP TABLE users', 'r1');
-- At parse analysis: the caret is in the body.
SELECT migrate_revision('typo', E'-- first comment\nINSERT INTO users VALUES (1, ''é'');\n\n/* second */ UPDATE users\n   SET emial = ''x''\n WHERE id = 1;', '', 'r2');
SELECT migrate_upgrade();
\echo :SQLSTATE
SELECT migrate_delete('r2');
-- A statement that fails while it runs.
SELECT migrate_revision('twice', E'INSERT INTO users VALUES (1, ''a'');\n  INSERT INTO users\n  VALUES (1, ''b'');', '', 'r2');
SELECT migrate_upgrade();
\echo :SQLSTATE
SELECT migrate_delete('r2');
-- In a function that the body calls: the function's own context comes first.
SELECT migrate_revision('in a block', E'SELECT 1;\nDO $$\nBEGIN\n  PERFORM 1 / 0;\nEND $$;', '', 'r2');
SELECT migrate_upgrade();
\echo :SQLSTATE
SELECT migrate_delete('r2');
-- In a function's text, and in dynamic SQL.
SELECT migrate_revision('bad function', E'SELECT 1;\nCREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n  RETRUN 1;\nEND $$;', '', 'r2');
SELECT migrate_upgrade();
SELECT migrate_delete('r2');
SELECT migrate_revision('dynamic', E'DO $$ BEGIN EXECUTE ''SELECT * FROM nowhere''; END $$;', '', 'r2');
SELECT migrate_upgrade();
\echo :SQLSTATE
SELECT migrate_delete('r2');
-- SQLSTATE, DETAIL and HINT of RAISE.
SELECT migrate_revision('own error', E'DO $$ BEGIN RAISE EXCEPTION ''no'' USING ERRCODE = ''LB001'', DETAIL = ''Some detail.'', HINT = ''Some hint.''; END $$;', '', 'r2');
SELECT migrate_upgrade();
\echo :SQLSTATE
SELECT migrate_delete('r2');
-- Going down.
SELECT migrate_revision('down fails', 'CREATE TABLE t (id int)', E'DROP TABLE t;\nDROP TABLE t;', 'r2');
SELECT migrate_upgrade();
SELECT migrate_downgrade('base');
SELECT version_num FROM migrate_version;
SELECT migrate_stamp('base');
DROP TABLE t, users;
SELECT migrate_delete('r2');
-- A deferred constraint is checked at the end of its revision, not at the end of all.
SELECT migrate_revision('orders', $body$
CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users DEFERRABLE INITIALLY DEFERRED);
INSERT INTO orders VALUES (1, 7);
INSERT INTO users VALUES (7, 'seven');
$body$, '', 'r2');
SELECT migrate_revision('alter what had pending events', 'ALTER TABLE orders ADD COLUMN note text; INSERT INTO orders VALUES (2, 8); INSERT INTO users VALUES (8, ''eight'')', '', 'r3');
SELECT migrate_upgrade();
SELECT * FROM orders ORDER BY id;
SELECT migrate_revision('violates', 'SELECT 1; INSERT INTO orders VALUES (3, 9)', '', 'r4');
SELECT migrate_revision('after it', 'SELECT 2', '', 'r5');
SELECT migrate_upgrade();
\echo :SQLSTATE
SELECT version_num FROM migrate_version;
-- What the caller left pending waits for the caller's commit.
BEGIN;
INSERT INTO orders VALUES (4, 10);
SELECT migrate_delete('r5');
SELECT migrate_edit('r4', 'CREATE TABLE more (id int)');
SELECT migrate_upgrade();
INSERT INTO users VALUES (10, 'ten');
COMMIT;
SELECT count(*) FROM orders;
-- A long body is not sent back whole with its error.
SELECT migrate_revision('long', string_agg(format('INSERT INTO more VALUES (%s);', i), E'\n') || E'\nINSERT INTO\n  moer VALUES (1);', '', 'r6') FROM generate_series(1, 1000) i;
SELECT migrate_upgrade();
-- User text is cut and escaped in messages.
SELECT migrate_upgrade(repeat('x', 200));
SELECT migrate_upgrade(E'a\nb');
