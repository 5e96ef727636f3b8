-- Who may do what. PUBLIC may look at version and history without bodies, nothing else.
CREATE ROLE lim_reader;
CREATE ROLE lim_author;
CREATE ROLE lim_deployer;
CREATE ROLE lim_member;
GRANT lim_deployer TO lim_member;
GRANT CREATE ON SCHEMA public TO lim_author, lim_deployer;
SELECT migrate_revision('users', 'CREATE TABLE users (id int)', 'DROP TABLE users', '001');
SET ROLE lim_reader;
SELECT revision FROM migrate_history();
SELECT * FROM migrate_current();
SELECT revision FROM migrate_heads();
SELECT * FROM migrate_branches();
SELECT pending FROM migrate_status();
SELECT migrate_graph();
SELECT step, revision FROM migrate_plan();
SELECT * FROM migrate_show('001');
SELECT * FROM migrate_validate();
SELECT migrate_upgrade();
SELECT migrate_downgrade('base');
SELECT migrate_stamp('head');
SELECT migrate_revision('mine');
SELECT migrate_load('-- migrate:up');
SELECT migrate_load_dir('/tmp');
SELECT migrate_merge();
SELECT migrate_edit('001', '');
SELECT migrate_delete('001');
SELECT * FROM migrate_version;
SELECT * FROM migrate_revision;
SELECT * FROM migrate_log;
RESET ROLE;
-- No function is open to PUBLIC but these; no table, no sequence is.
SELECT p.proname FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass
WHERE d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'limbeck') AND has_function_privilege('public', p.oid, 'EXECUTE') ORDER BY 1;
SELECT c.relname FROM pg_class c JOIN pg_depend d ON d.objid = c.oid AND d.classid = 'pg_class'::regclass
WHERE d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'limbeck') AND c.relkind = 'r'
AND has_table_privilege('public', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER');
-- EXECUTE is all that a role needs: the ledger is written with the extension owner's rights, the body runs as the caller.
GRANT EXECUTE ON FUNCTION migrate_upgrade, migrate_downgrade, migrate_stamp, migrate_show TO lim_deployer;
GRANT EXECUTE ON FUNCTION migrate_revision, migrate_upgrade, migrate_edit, migrate_load TO lim_author;
SET ROLE lim_deployer;
SELECT migrate_upgrade();
SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'users';
SELECT version_num FROM migrate_version;
SELECT migrate_revision('mine');
RESET ROLE;
SELECT action, actor = session_user AS by_session FROM migrate_log ORDER BY id;
-- A body stored by a role with fewer rights is not run with the rights of a role with more.
CREATE TABLE secrets (id int);
SET ROLE lim_author;
SELECT migrate_revision('innocent', 'DROP TABLE secrets', 'SELECT 1', '002');
RESET ROLE;
SELECT migrate_upgrade();
\echo :SQLSTATE
SELECT migrate_upgrade('002');
SET ROLE lim_deployer;
SELECT migrate_upgrade();
RESET ROLE;
-- Its author may run it, with no more than its own rights.
SET ROLE lim_author;
SELECT migrate_upgrade();
SELECT migrate_edit('002', 'CREATE TABLE by_author (id int)');
SELECT migrate_upgrade();
RESET ROLE;
SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'by_author';
-- Going down it is the downgrade's author that counts.
SELECT migrate_downgrade('001');
SET ROLE lim_deployer;
SELECT migrate_downgrade('001');
RESET ROLE;
SELECT migrate_stamp('001');
DROP TABLE by_author;
-- Somebody who edits one body vouches for that one alone.
SELECT migrate_edit('002', 'CREATE TABLE by_author (id int)');
SELECT upgrade_author = current_user AS mine, downgrade_author FROM migrate_revision WHERE revision = '002';
SELECT migrate_upgrade();
SELECT migrate_downgrade('001');
SELECT migrate_stamp('001');
-- Loading the same file vouches for it, where there was need to.
SET ROLE lim_author;
SELECT migrate_load('-- migrate:up
CREATE TABLE loaded (id int);
-- migrate:down
DROP TABLE loaded;
', '003_loaded.sql');
RESET ROLE;
SELECT migrate_upgrade('003');
SELECT migrate_load('-- migrate:up
CREATE TABLE loaded (id int);
-- migrate:down
DROP TABLE loaded;
', '003_loaded.sql');
SET ROLE lim_author;
SELECT migrate_load('-- migrate:up
CREATE TABLE loaded (id int);
-- migrate:down
DROP TABLE loaded;
', '003_loaded.sql');
RESET ROLE;
SELECT upgrade_author = current_user AS mine FROM migrate_revision WHERE revision = '003';
SELECT migrate_upgrade('003');
SELECT migrate_downgrade('002');
SELECT migrate_stamp('001');
DROP TABLE by_author;
SELECT migrate_delete('003');
SELECT migrate_delete('002');
-- A member may act as the role, so the role's runs may use the member's bodies; not the other way round.
GRANT EXECUTE ON FUNCTION migrate_revision, migrate_upgrade, migrate_downgrade TO lim_member;
GRANT EXECUTE ON FUNCTION migrate_revision TO lim_deployer;
SET ROLE lim_member;
SELECT migrate_revision('by the member', 'CREATE TABLE by_member (id int)', 'DROP TABLE by_member', '002');
SET ROLE lim_deployer;
SELECT migrate_upgrade();
SELECT migrate_revision('by the role', 'SELECT 1', 'SELECT 2', '003');
SET ROLE lim_member;
SELECT migrate_upgrade();
SET ROLE lim_deployer;
SELECT migrate_upgrade();
SELECT migrate_downgrade('base');
RESET ROLE;
-- A role dropped and made anew is another role: nobody vouches for its bodies.
SELECT migrate_delete('003');
SELECT migrate_delete('002');
SET ROLE lim_author;
SELECT migrate_revision('before', 'SELECT 1', 'SELECT 2', '002');
RESET ROLE;
DROP OWNED BY lim_author;
DROP ROLE lim_author;
SELECT migrate_upgrade();
CREATE ROLE lim_author SUPERUSER;
SELECT migrate_upgrade();
SELECT migrate_edit('002', 'SELECT 3', 'SELECT 4');
SELECT migrate_upgrade();
-- Restored into another cluster, all authors have other OIDs; one command vouches for what was read, applied or not.
UPDATE migrate_revision SET upgrade_author_oid = 1, downgrade_author_oid = 1;
SELECT migrate_downgrade('base');
SELECT migrate_load(script, name) FROM migrate_export('base:heads');
SELECT migrate_downgrade('base');
-- SET ROLE in a body ends with it.
SELECT migrate_edit('002', 'SET ROLE lim_deployer; CREATE TABLE by_deployer (id int)', 'DROP TABLE by_deployer');
SELECT migrate_revision('who', 'CREATE TABLE who AS SELECT current_user = session_user AS same', 'DROP TABLE who', '003');
SELECT migrate_upgrade();
SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'by_deployer';
SELECT * FROM who;
SELECT current_user = session_user AS same;
SELECT migrate_downgrade('base');
-- A session that gave up its rights doesn't get them back from a body: neither role nor session authorization.
SET ROLE lim_deployer;
SELECT migrate_revision('reset', 'RESET ROLE; ALTER ROLE lim_deployer SUPERUSER', '', '004', 'base');
SELECT migrate_upgrade('004');
SELECT migrate_revision('set', 'SET ROLE lim_author', '', '005', 'base');
SELECT migrate_upgrade('005');
SELECT migrate_revision('session', 'RESET SESSION AUTHORIZATION', '', '006', 'base');
SELECT migrate_upgrade('006');
SELECT migrate_revision('config', 'SELECT set_config(''role'', ''lim_author'', false)', '', '007', 'base');
SELECT migrate_upgrade('007');
RESET ROLE;
SET SESSION AUTHORIZATION lim_deployer;
SELECT migrate_upgrade('006');
SELECT migrate_upgrade('004');
RESET SESSION AUTHORIZATION;
SELECT rolsuper FROM pg_roles WHERE rolname = 'lim_deployer';
-- A SECURITY DEFINER function of a superuser runs no body of a lesser role.
CREATE FUNCTION deploy(text) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT migrate_upgrade($1)';
SET ROLE lim_deployer;
SELECT deploy('004');
SELECT deploy('001');
RESET ROLE;
DROP FUNCTION deploy;
SELECT migrate_downgrade('base');
DROP EXTENSION limbeck;
DROP OWNED BY lim_reader, lim_author, lim_deployer, lim_member;
DROP ROLE lim_reader, lim_author, lim_deployer, lim_member;
