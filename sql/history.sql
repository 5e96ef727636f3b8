-- aaaa -> bbbb -> ccc1 (l1) -> ddd1
--              -> ccc2 (l2) -> ddd2
SELECT count(*) FROM migrate_history();
SELECT migrate_revision('a', '', '', 'aaaa');
SELECT migrate_revision('b', '', '', 'bbbb');
SELECT migrate_revision('c one', '', '', 'ccc1', 'bbbb', false, 'l1');
SELECT migrate_revision('c two', '', '', 'ccc2', 'bbbb', true, 'l2');
SELECT migrate_revision('d one', '', '', 'ddd1', 'l1@head');
SELECT migrate_revision('d two', '', '', 'ddd2', 'l2@head');
SELECT migrate_upgrade('ccc1');
SELECT revision, down_revision, depends_on, branch_labels, message FROM migrate_history();
SELECT revision, CAST(is_head AS int), CAST(is_base AS int), CAST(is_branch_point AS int), CAST(is_merge_point AS int),
       CAST(is_current AS int), CAST(is_applied AS int)
FROM migrate_history();
SELECT count(*) FROM migrate_history() WHERE created_at IS NOT NULL AND created_by IS NOT NULL;
-- Ranges.
SELECT revision FROM migrate_history('l1:');
SELECT revision FROM migrate_history(':l1@head');
SELECT revision FROM migrate_history('l1@base:');
SELECT revision FROM migrate_history('-1:');
SELECT revision FROM migrate_history('bbbb:l1@+1');
SELECT revision FROM migrate_history('aaaa:bbbb');
SELECT revision FROM migrate_history('aaaa:+2');
SELECT revision FROM migrate_history('bbbb:heads');
SELECT revision FROM migrate_history(':');
SELECT revision FROM migrate_history('current:');
SELECT revision FROM migrate_history(':current');
SELECT revision FROM migrate_history('-9:bbbb');
SELECT revision FROM migrate_history('base:aaaa');
-- What is no range, or no way.
SELECT revision FROM migrate_history('aaaa');
SELECT revision FROM migrate_history('a:b:c');
SELECT revision FROM migrate_history('ddd1:aaaa');
SELECT revision FROM migrate_history('ccc1:ddd2');
SELECT revision FROM migrate_history('zzzz:');
SELECT revision FROM migrate_history(':head');
-- With a dependency.
SELECT migrate_revision('x', '', '', 'xxx1', 'base', false, 'x');
SELECT migrate_revision('y', '', '', 'yyy1', 'base', false, 'y');
SELECT migrate_revision('y two', '', '', 'yyy2', 'y@head', false, NULL, 'x');
SELECT revision FROM migrate_history('y:');
SELECT revision FROM migrate_history('y@base:');
SELECT revision FROM migrate_history('xxx1:yyy2');
