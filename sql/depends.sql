-- Two lines of versions, one of which needs the other:
-- xxx1 (x) -> xxx2
-- yyy1 (y) -> yyy2 (depends on xxx1) -> yyy3
SELECT migrate_revision('x one', 'CREATE TABLE x1 (i int)', 'DROP TABLE x1', 'xxx1', 'base', false, 'x');
SELECT migrate_revision('y one', 'CREATE TABLE y1 (i int)', 'DROP TABLE y1', 'yyy1', 'base', false, 'y');
SELECT migrate_revision('x two', 'CREATE TABLE x2 (i int)', 'DROP TABLE x2', 'xxx2', 'x@head');
SELECT migrate_revision('y two', 'INSERT INTO x1 VALUES (1)', 'DELETE FROM x1', 'yyy2', 'y@head', false, NULL, 'xxx1');
SELECT migrate_revision('y three', 'CREATE TABLE y3 (i int)', 'DROP TABLE y3', 'yyy3', 'y@head');
SELECT revision, down_revision, depends_on, branch_labels, CAST(is_head AS int), CAST(is_base AS int) FROM migrate_history();
SELECT migrate_graph();
-- What a revision depends on is run before it.
SELECT step, revision, from_version, to_version FROM migrate_plan('y@head');
SELECT migrate_upgrade('y@head');
-- One row is enough: it stands for all that lies below it, dependencies included.
SELECT version_num FROM migrate_version;
SELECT revision, CAST(is_applied AS int), CAST(is_current AS int) FROM migrate_history();
SELECT step, revision, from_version, to_version FROM migrate_plan('x@head');
SELECT migrate_upgrade('x@head');
SELECT version_num FROM migrate_version ORDER BY version_num;
-- Down: whoever depends on what goes, goes first.
SELECT step, revision, from_version, to_version FROM migrate_plan('x@base', 'downgrade');
SELECT migrate_downgrade('x@base');
SELECT version_num FROM migrate_version;
SELECT migrate_upgrade('y@head');
-- The dependency itself stays; its row appears when nothing stands for it any more.
SELECT migrate_downgrade('y@base');
SELECT version_num FROM migrate_version;
SELECT migrate_upgrade('heads');
SELECT migrate_downgrade('base');
-- From nothing, a step is ambiguous: there are two bases.
SELECT migrate_upgrade('+1');
SELECT migrate_upgrade('base+1');
SELECT migrate_upgrade('x@+1');
SELECT migrate_upgrade('y@+2');
-- xxx1 is there only because yyy2 needs it: it is no row to go down to.
SELECT migrate_downgrade('xxx1');
SELECT migrate_upgrade('heads');
-- A label or a target may be depended on; its id is what is kept.
SELECT migrate_revision('by label', '', '', 'zzz1', 'base', false, NULL, 'y');
SELECT migrate_revision('by target', '', '', 'zzz2', 'zzz1', false, NULL, 'x@head, yyy3');
SELECT revision, depends_on FROM migrate_show('zzz1 zzz2');
SELECT revision FROM migrate_heads();
-- Dependencies exist, and come once.
SELECT migrate_revision('unknown', '', '', 'zzz3', 'zzz2', false, NULL, 'nobody');
SELECT migrate_revision('twice', '', '', 'zzz3', 'zzz2', false, NULL, 'xxx1 xxx1');
SELECT depends_on FROM migrate_show('zzz3');
SELECT migrate_revision('itself', '', '', 'zzz4', 'zzz3', false, NULL, 'zzz4');
