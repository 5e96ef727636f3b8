-- A directory that the client has read: migrate_load_files() takes names and bytes, whatever they are.
\pset format unaligned
CREATE FUNCTION files(VARIADIC texts text[]) RETURNS bytea[] LANGUAGE sql AS $$ SELECT array_agg(convert_to(t, 'UTF8')) FROM unnest(texts) t $$;
SELECT migrate_load_files(ARRAY['002_b.sql', '001_a.sql'], files('-- migrate:up
CREATE TABLE b (id int)', '-- migrate:up
CREATE TABLE a (id int)'));
SELECT revision, down_revision, message FROM migrate_history();
-- Arrays that are none, that don't fit, that hold nothing.
SELECT migrate_load_files('{}', '{}');
SELECT migrate_load_files(NULL, NULL);
SELECT migrate_load_files(ARRAY['003_c.sql'], NULL);
SELECT migrate_load_files(ARRAY['003_c.sql'], files('x', 'y'));
SELECT migrate_load_files(ARRAY['003_c.sql', NULL], files('-- migrate:up
', '-- migrate:up
'));
SELECT migrate_load_files(ARRAY['003_c.sql'], ARRAY[NULL]::bytea[]);
SELECT migrate_load_files(ARRAY[['003_c.sql'], ['004_d.sql']], ARRAY[['-- migrate:up'], ['-- migrate:up']]::bytea[]);
SELECT migrate_delete('004');
SELECT migrate_delete('003');
SELECT migrate_load_files('[5:5]={003_c.sql}'::text[], '[-1:-1]={"-- migrate:up"}'::bytea[]);
SELECT migrate_delete('003');
-- Bytes that are no text.
SELECT migrate_load_files(ARRAY['003_c.sql'], ARRAY['-- migrate:up\012SELECT 1\000;'::bytea]);
SELECT migrate_load_files(ARRAY['003_c.sql'], ARRAY['\000'::bytea]);
SELECT migrate_load_files(ARRAY['003_c.sql'], ARRAY['-- migrate:up\012SELECT ''caf\351'';'::bytea]);
SELECT migrate_load_files(ARRAY['003_c.sql'], ARRAY['-- migrate:up\012SELECT ''\355\240\200'';'::bytea]);
SELECT migrate_load_files(ARRAY['003_c.sql'], ARRAY['\377\376-\000-\000'::bytea]);
SELECT migrate_load_files(ARRAY['003_c.sql'], ARRAY['-- migrate:message a\033[31m\012-- migrate:up\012'::bytea]);
SELECT migrate_load_files(ARRAY['003_c.sql'], files(''));
-- Names: two of one id, one that is no file of the format, one that leads elsewhere, some that would hide something.
SELECT migrate_load_files(ARRAY['a/003_c.sql', 'b/003_d.sql'], files('-- migrate:up
', '-- migrate:up
'));
SELECT migrate_load_files(ARRAY['003_c.txt', '.003_c.sql', '003_c.sql/'], files('', '', ''));
SELECT migrate_load_files(ARRAY['../../etc/003_c.sql'], files('-- migrate:up
'));
SELECT migrate_load_files(ARRAY[E'003_c\n\u202Egnp.sql'], files('-- migrate:up
'));
SELECT migrate_load_files(ARRAY[E'00\u00073_c.sql'], files('-- migrate:up
'));
SELECT migrate_load_files(ARRAY[''], files('-- migrate:up
'));
SELECT migrate_load_files(ARRAY['it''s.sql'], files('-- migrate:up
'));
SELECT migrate_load_files(ARRAY[repeat('x', 1000) || '.sql'], files('-- migrate:up
'));
SELECT migrate_load_files(ARRAY[repeat('x', 1001) || '.sql'], files('-- migrate:up
'));
SELECT migrate_load_files(ARRAY['003_c.sql'], files('-- migrate:up
'), 'nonsense');
SELECT revision IN (SELECT repeat('x', 1000)) AS long, length(message) FROM migrate_history() WHERE revision LIKE 'xxx%';
-- A row that was changed by hand is put right, of an applied revision, too; the session hears of it where no summary says so.
SELECT migrate_upgrade('002');
UPDATE migrate_revision SET downgrade = 'DROP TABLE a, b' WHERE revision = '001';
UPDATE migrate_revision SET upgrade = '', message = 'x' WHERE revision = '002';
SELECT revision, problem FROM migrate_validate();
SELECT migrate_load_files(ARRAY['002_b.sql', '001_a.sql'], files('-- migrate:up
CREATE TABLE b (id int)', '-- migrate:up
CREATE TABLE a (id int)'));
SELECT revision, problem FROM migrate_validate();
SELECT revision, message, downgrade FROM migrate_show('001, 002');
UPDATE migrate_revision SET script = 'x' WHERE revision = '001';
SET client_min_messages = notice;
SELECT migrate_load('-- migrate:up
CREATE TABLE a (id int)', '001_a.sql');
SELECT migrate_load('-- migrate:up
CREATE TABLE a (id int)', '001_a.sql');
SELECT revision, detail, checksum IS NOT NULL AS checksum FROM migrate_log WHERE detail LIKE 'mended%' ORDER BY id;
-- Who mends a row vouches for it.
CREATE ROLE lim_mender;
GRANT CREATE ON SCHEMA public TO lim_mender;
GRANT EXECUTE ON FUNCTION migrate_load TO lim_mender;
UPDATE migrate_revision SET upgrade = 'DROP TABLE a' WHERE revision = '001';
SET ROLE lim_mender;
SELECT migrate_load('-- migrate:up
CREATE TABLE a (id int)', '001_a.sql');
RESET ROLE;
SELECT upgrade_author, downgrade_author, created_by = session_user AS created_by_me FROM migrate_revision WHERE revision = '001';
DROP EXTENSION limbeck;
DROP OWNED BY lim_mender;
DROP ROLE lim_mender;
