-- A body may hold anything that the server runs inside a transaction.
SELECT migrate_revision('functions', $body$
CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL, touched int DEFAULT 0);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- a semicolon; and a quote ' in here
    NEW.touched := OLD.touched + 1;
    RETURN NEW;
END $$;
CREATE TRIGGER touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
DO $do$
DECLARE i int;
BEGIN
    FOR i IN 1..3 LOOP
        EXECUTE format('INSERT INTO users VALUES (%s, %L)', i, 'user' || i || '@example.org');
    END LOOP;
END $do$;
UPDATE users SET email = 'one@example.org' WHERE id = 1;
$body$, $body$
DROP TABLE users;
DROP FUNCTION touch();
$body$, 'r1');
SELECT migrate_revision('types', $body$
CREATE TYPE mood AS ENUM ('sad', 'ok');
ALTER TYPE mood ADD VALUE 'happy';
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE VIEW loud AS SELECT upper(email) AS email FROM users;
CREATE RULE quiet AS ON INSERT TO loud DO INSTEAD (SELECT 1; SELECT 2);
CREATE INDEX ON users (lower(email));
COMMENT ON TABLE users IS 'it''s a table; really';
$body$, $body$
DROP VIEW loud; DROP DOMAIN positive; DROP TYPE mood;
$body$, 'r2');
SELECT migrate_revision('policies and partitions', $body$
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON users USING (email = current_user);
CREATE TABLE events (at date NOT NULL, what text) PARTITION BY RANGE (at);
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE FUNCTION double(i int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2';
INSERT INTO events VALUES ('2026-11-21', U&'\00e9');
PREPARE twice AS SELECT double($1);
DEALLOCATE twice;
$body$, $body$
DROP FUNCTION double; DROP TABLE events;
DROP POLICY own ON users; ALTER TABLE users DISABLE ROW LEVEL SECURITY;
$body$, 'r3');
SELECT migrate_upgrade();
SELECT * FROM users ORDER BY id;
SELECT double(2), (SELECT count(*) FROM events_2026);
SELECT enum_range(NULL::mood);
-- One BEGIN ... COMMIT around the whole body means nothing more.
SELECT migrate_revision('wrapped', $body$
-- as pg_dump's users write it
BEGIN;
CREATE TABLE wrapped (id int);
INSERT INTO wrapped VALUES (1);
COMMIT;
$body$, 'START TRANSACTION; DROP TABLE wrapped; END', 'r4');
SELECT migrate_upgrade();
SELECT statements FROM migrate_log WHERE revision = 'r4' AND action = 'upgrade';
SELECT migrate_downgrade('-1');
SELECT statements FROM migrate_log WHERE revision = 'r4' AND action = 'downgrade';
SELECT migrate_upgrade();
-- SET and SET LOCAL end with the body; set_config() as pg_dump writes it, too.
CREATE SCHEMA app;
SELECT migrate_revision('settings', $body$
SET work_mem = '7MB';
SET LOCAL lock_timeout = '3s';
SELECT set_config('search_path', 'app', false);
CREATE TABLE here (id int);
$body$, '', 'r5');
SELECT migrate_revision('settings are back', $body$
CREATE TABLE settings AS SELECT current_setting('work_mem') AS work_mem,
    current_setting('lock_timeout') AS lock_timeout, current_setting('search_path') AS search_path;
$body$, '', 'r6');
SET work_mem = '5MB';
SELECT migrate_upgrade();
SELECT * FROM settings;
SHOW work_mem;
SELECT relnamespace::regnamespace FROM pg_class WHERE relname = 'here';
-- Temporary tables of one body are there in the next.
SELECT migrate_revision('temporary', 'CREATE TEMP TABLE carry AS SELECT 42 AS answer', '', 'r7');
SELECT migrate_revision('carried', 'CREATE TABLE answers AS TABLE carry', '', 'r8');
SELECT migrate_upgrade();
SELECT * FROM answers;
-- Empty bodies, and bodies of comments alone, do nothing.
SELECT migrate_revision('nothing', '', '', 'r9');
SELECT migrate_revision('words', '-- nothing to do here
/* nor /* here */ */ ;;', '', 'r10');
SELECT migrate_upgrade();
SELECT revision, statements FROM migrate_log WHERE revision IN ('r9', 'r10') AND action = 'upgrade' ORDER BY id;
SELECT migrate_downgrade('r3');
SELECT migrate_downgrade('base');
SELECT count(*) FROM pg_class WHERE relname IN ('users', 'events', 'wrapped');
