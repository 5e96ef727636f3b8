-- What Alembic prints becomes the same revisions: ids, parents, a merge, messages, bodies.
SELECT migrate_import('alembic', 'BEGIN;

CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> a001, create users

CREATE TABLE users (id int, name text);

INSERT INTO alembic_version (version_num) VALUES (''a001'');

-- Running upgrade a001 -> b001, billing

CREATE TABLE bills (id int);

INSERT INTO bills VALUES (7); -- the first; there will be more

UPDATE alembic_version SET version_num=''b001'' WHERE alembic_version.version_num = ''a001'';

-- Running upgrade a001 -> c001

INSERT INTO users VALUES (1, ''O''''Hara;
-- Running upgrade not -> this'');

INSERT INTO alembic_version (version_num) VALUES (''c001'');

-- Running upgrade b001, c001 -> d001, both

DELETE FROM alembic_version WHERE alembic_version.version_num = ''c001'';

UPDATE alembic_version SET version_num=''d001'' WHERE alembic_version.version_num = ''b001'';

COMMIT;
', 'BEGIN;

-- Running downgrade d001 -> b001, c001

INSERT INTO alembic_version (version_num) VALUES (''c001'');

UPDATE alembic_version SET version_num=''b001'' WHERE alembic_version.version_num = ''d001'';

-- Running downgrade b001 -> a001

DROP TABLE bills;

DELETE FROM alembic_version WHERE alembic_version.version_num = ''b001'';

-- Running downgrade c001 -> a001

DELETE FROM users;

UPDATE alembic_version SET version_num=''a001'' WHERE alembic_version.version_num = ''c001'';

COMMIT;
');
SELECT revision, down_revision, message, upgrade, downgrade FROM migrate_show('a001, b001, c001, d001');
SELECT action, revision, from_version, to_version FROM migrate_log ORDER BY id;
-- What is no script of Alembic's.
SELECT migrate_import('alembic', NULL, NULL);
SELECT migrate_import('alembic', 'SELECT 1;', NULL);
SELECT migrate_import('alembic', '-- Running upgrade  -> x', '-- Running downgrade y -> ');
SELECT migrate_import('alembic', '-- Running upgrade nobody -> x
SELECT 1;', NULL);
SELECT migrate_import('flyway', 'SELECT 1;', NULL);
SELECT migrate_import(NULL, 'SELECT 1;', NULL);
-- A database that Alembic has upgraded goes on. Rows that overlap become one.
SELECT migrate_adopt('alembic', NULL);
CREATE TABLE users (id int, name text);
CREATE TABLE bills (id int);
CREATE TABLE alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY);
INSERT INTO alembic_version VALUES ('a001'), ('b001'), ('nobody');
SELECT migrate_adopt('alembic');
DELETE FROM alembic_version WHERE version_num = 'nobody';
SELECT migrate_adopt('alembic');
SELECT migrate_adopt('alembic');
SELECT action, revision, from_version, to_version, outcome FROM migrate_log WHERE action = 'adopt';
SELECT migrate_upgrade();
SELECT name FROM users;
SELECT migrate_adopt('alembic');
SELECT revision, problem FROM migrate_validate();
-- Tables of other tools, and of another name.
SELECT migrate_downgrade('a001');
SELECT migrate_stamp('base');
SELECT migrate_load('-- migrate:down_revision base
-- migrate:up
', '000001_one.sql');
SELECT migrate_load('-- migrate:down_revision 000001
-- migrate:up
', '000002_two.sql');
SELECT migrate_load('-- migrate:down_revision 000002
-- migrate:up
', '000003_three.sql');
CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);
INSERT INTO schema_migrations VALUES (2, true);
SELECT migrate_adopt('golang-migrate');
UPDATE schema_migrations SET dirty = false;
SELECT migrate_adopt('golang-migrate');
SELECT migrate_stamp('base');
CREATE TABLE goose_db_version (id int PRIMARY KEY, version_id bigint, is_applied boolean);
INSERT INTO goose_db_version VALUES (1, 0, true), (2, 1, true), (3, 2, true), (4, 2, false);
SELECT migrate_adopt('goose', 'goose_db_version');
SELECT migrate_stamp('base');
CREATE TABLE "their versions" (version varchar(128) PRIMARY KEY);
INSERT INTO "their versions" VALUES ('000001'), ('000003');
SELECT migrate_adopt('dbmate', '"their versions"');
INSERT INTO "their versions" VALUES ('000002');
SELECT migrate_adopt('dbmate', '"their versions"');
SELECT migrate_stamp('base');
CREATE TABLE flyway_schema_history (installed_rank int PRIMARY KEY, version varchar(50), type varchar(20), success boolean);
INSERT INTO flyway_schema_history VALUES (1, '1', 'BASELINE', true), (2, '2', 'SQL', false);
SELECT migrate_adopt('flyway');
UPDATE flyway_schema_history SET success = true;
SELECT migrate_adopt('flyway');
-- What can't be adopted.
SELECT migrate_adopt('diesel');
SELECT migrate_adopt('rails');
SELECT migrate_adopt(NULL);
SELECT migrate_adopt('goose', 'goose_db_version; DROP TABLE users');
SELECT migrate_adopt('alembic');
-- A file of goose's or sql-migrate's, given as text, is told by its markers.
SELECT migrate_merge('heads', 'one line again', 'm1');
SELECT migrate_load('-- +goose NO TRANSACTION
-- +goose Up
SELECT 1;
-- +goose Down
', 'db/00004_four.sql');
SELECT migrate_load('-- +migrate Up
SELECT 1;
', '5-five.sql');
SELECT revision, down_revision, message, upgrade, CAST(upgrade_transactional AS int), downgrade FROM migrate_show('00004, 5');
SELECT migrate_load('-- +goose Up
SELECT ''
-- +goose Down
'';
', '00006_six.sql');
