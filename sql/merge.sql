-- aaaa -> bbb1, bbb2 -> mmmm -> tttt
SELECT migrate_revision('start', 'CREATE TABLE a (x int)', 'DROP TABLE a', 'aaaa');
SELECT migrate_revision('left', 'CREATE TABLE b1 (x int)', 'DROP TABLE b1', 'bbb1');
SELECT migrate_revision('right', 'CREATE TABLE b2 (x int)', 'DROP TABLE b2', 'bbb2', 'aaaa', true);
SELECT migrate_merge('heads', 'both again', 'mmmm');
SELECT migrate_revision('and on', 'CREATE TABLE t (x int)', 'DROP TABLE t', 'tttt');
SELECT migrate_graph();
SELECT revision, down_revision, message, CAST(is_merge_point AS int), CAST(is_branch_point AS int) FROM migrate_history();
SELECT step, revision, from_version, to_version FROM migrate_plan();
SELECT migrate_upgrade('bbb1');
-- A step over a merge pulls the missing side in.
SELECT step, revision, from_version, to_version FROM migrate_plan('+1');
SELECT migrate_upgrade();
SELECT version_num FROM migrate_version;
-- Down across the merge there are two rows again.
SELECT step, revision, from_version, to_version FROM migrate_plan('bbb1', 'downgrade');
SELECT migrate_downgrade('bbb1');
SELECT version_num FROM migrate_version ORDER BY version_num;
SELECT migrate_upgrade();
SELECT step, revision, from_version, to_version FROM migrate_plan('bbb1@aaaa', 'downgrade');
SELECT migrate_downgrade('bbb1@aaaa');
SELECT version_num FROM migrate_version ORDER BY version_num;
SELECT migrate_upgrade('mmmm');
-- From the merge there is no one step down.
SELECT migrate_downgrade('-1');
SELECT migrate_downgrade('base');
-- Only heads are merged.
SELECT migrate_merge('bbb1, bbb2', 'again', 'nnnn');
SELECT migrate_merge('heads');
SELECT migrate_revision('x', '', '', 'xxx1', 'base');
SELECT migrate_merge('tttt, tttt');
SELECT migrate_merge('tttt', 'one alone');
SELECT migrate_merge('tttt, zzzz', 'unknown');
SELECT migrate_merge('tttt, xxx1', NULL, 'last');
SELECT message, down_revision, upgrade, downgrade FROM migrate_show('last');
SELECT migrate_upgrade();
-- A late branch is merged with bodies of its own.
SELECT migrate_revision('late branch', '', '', 'late', 'bbb1', true);
SELECT migrate_upgrade();
SELECT migrate_revision('join them', 'CREATE TABLE joined (x int)', 'DROP TABLE joined', 'join', 'last, late');
SELECT step, revision, from_version, to_version FROM migrate_plan();
SELECT migrate_upgrade();
SELECT version_num FROM migrate_version;
SELECT migrate_downgrade('join-1');
SELECT migrate_downgrade('last');
SELECT version_num FROM migrate_version ORDER BY version_num;
-- What isn't a head may be a parent too, on purpose; nothing overlaps afterwards.
SELECT migrate_revision('tie in an ancestor', '', '', 'tied', 'join, bbb2');
SELECT migrate_revision('tie in an ancestor', '', '', 'tied', 'join, bbb2', true);
SELECT migrate_upgrade();
SELECT version_num FROM migrate_version;
SELECT migrate_downgrade('join');
SELECT version_num FROM migrate_version;
SELECT migrate_downgrade('base');
