-- Everything has a comment.
SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass
WHERE d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'limbeck') AND obj_description(p.oid, 'pg_proc') IS NULL;
SELECT c.oid::regclass, a.attname FROM pg_class c JOIN pg_depend d ON d.objid = c.oid AND d.classid = 'pg_class'::regclass
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'limbeck') AND c.relkind = 'r'
AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid, 'pg_class') IS NULL);
-- Parameters have names and defaults.
SELECT proname, pg_get_function_arguments(oid) FROM pg_proc WHERE proname LIKE 'migrate\_%' AND NOT proretset AND prokind = 'f' ORDER BY 1;
SELECT migrate_revision(upgrade => 'CREATE TABLE users (id int)', message => 'users', rev_id => '001');
SELECT migrate_revision(rev_id => '002', message => 'side', head => '001', depends_on => '001', branch_label => 'side');
SELECT revision, message FROM migrate_history(range => '001:');
SELECT migrate_upgrade(target => 'head');
SELECT migrate_stamp(target => 'base', purge => true);
SELECT step, revision FROM migrate_plan(operation => 'stamp', target => 'head');
-- An id of its own making: 12 hexadecimal digits.
SELECT migrate_revision() ~ '^[0-9a-f]{12}$';
-- Any schema, its name quoted or not; the ledger is found whatever the search_path.
DROP EXTENSION limbeck;
CREATE SCHEMA "My Schema";
CREATE EXTENSION limbeck SCHEMA "My Schema";
SELECT "My Schema".migrate_revision('users', 'CREATE TABLE users2 (id int)', 'DROP TABLE users2', '001');
SET search_path = pg_catalog;
SELECT "My Schema".migrate_upgrade();
RESET search_path;
SELECT "My Schema".migrate_upgrade();
SELECT version_num FROM "My Schema".migrate_version;
SELECT to_regclass('users2');
ALTER SCHEMA "My Schema" RENAME TO limbeck;
SELECT limbeck.migrate_revision('more', 'CREATE TABLE public.users3 (id int)', 'DROP TABLE public.users3', '002');
SELECT limbeck.migrate_upgrade();
SELECT revision, is_head FROM limbeck.migrate_current();
ALTER EXTENSION limbeck SET SCHEMA public;
-- Made anew, the ledger is empty, in the same session.
DROP EXTENSION limbeck;
CREATE EXTENSION limbeck;
SELECT migrate_revision('users', 'CREATE TABLE users4 (id int)', 'DROP TABLE users4', '001');
SELECT migrate_upgrade();
SELECT * FROM migrate_status();
DROP EXTENSION limbeck;
SELECT to_regclass('users4');
