-- Every word that can name a target, on a history with two branches:
-- aaaa -> bbbb -> ccc1 (l1) -> ddd1
--              -> ccc2 (l2) -> ddd2
SELECT migrate_revision('a', '', '', 'aaaa');
SELECT migrate_revision('b', '', '', 'bbbb');
SELECT migrate_revision('c one', '', '', 'ccc1', 'bbbb', false, 'l1');
SELECT migrate_revision('c two', '', '', 'ccc2', 'bbbb', true, 'l2');
SELECT migrate_revision('d one', '', '', 'ddd1', 'l1@head');
SELECT migrate_revision('d two', '', '', 'ddd2', 'l2@head');
-- From bbbb up.
SELECT migrate_stamp('bbbb');
SELECT step, revision, from_version, to_version FROM migrate_plan('head');
SELECT step, revision, from_version, to_version FROM migrate_plan('heads');
SELECT step, revision, from_version, to_version FROM migrate_plan('l1@head');
SELECT revision FROM migrate_plan('ccc1@head');
SELECT revision FROM migrate_plan('ddd1');
SELECT revision FROM migrate_plan('l1@+2');
SELECT revision FROM migrate_plan('l1@heads');
SELECT revision FROM migrate_plan('l1');
SELECT revision FROM migrate_plan('bbbb@head');
SELECT revision FROM migrate_plan('+1');
SELECT revision FROM migrate_plan('l1@+3');
SELECT revision FROM migrate_plan('l1@head-1');
SELECT revision FROM migrate_plan('l1@base+3');
SELECT revision FROM migrate_plan('l1@bbbb+1');
SELECT revision FROM migrate_plan('ddd1, ccc1');
SELECT revision FROM migrate_plan('ddd1 ddd2');
SELECT revision FROM migrate_plan('ddd1,,ddd2');
SELECT revision FROM migrate_plan('base');
SELECT revision FROM migrate_plan('aaaa');
SELECT revision FROM migrate_plan('-1');
SELECT revision FROM migrate_plan('+0');
-- From both branches.
SELECT migrate_stamp('ccc1, ccc2');
SELECT revision FROM migrate_plan('+1');
SELECT step, revision, from_version, to_version FROM migrate_plan('l1@+1');
-- From one of them.
SELECT migrate_stamp('ddd1', true);
SELECT step, revision, from_version, to_version FROM migrate_plan('l2@+1');
-- From nothing.
SELECT migrate_stamp('base');
SELECT revision FROM migrate_plan('l2@+2');
SELECT revision FROM migrate_plan('+1');
SELECT revision FROM migrate_plan('+9');
-- A unique part of an id is enough where the id is longer than three characters.
SELECT revision FROM migrate_plan('a');
SELECT revision FROM migrate_plan('aaa');
SELECT revision FROM migrate_plan('ccc');
SELECT revision FROM migrate_plan('dd');
SELECT revision FROM migrate_plan('l1@d');
SELECT revision FROM migrate_plan('d@head');
-- Words that mean nothing.
SELECT revision FROM migrate_plan('zzzz');
SELECT revision FROM migrate_plan('zzzz@head');
SELECT revision FROM migrate_plan('typo@base');
SELECT revision FROM migrate_plan('@head');
SELECT revision FROM migrate_plan('l1@');
SELECT revision FROM migrate_plan('l2@ccc1');
SELECT revision FROM migrate_plan('+1junk');
SELECT revision FROM migrate_plan('head+1');
SELECT revision FROM migrate_plan('aaaa-9');
SELECT revision FROM migrate_plan('aaaa:bbbb');
SELECT revision FROM migrate_plan('current');
SELECT revision FROM migrate_plan('');
SELECT revision FROM migrate_plan('+1, ccc1');
SELECT revision FROM migrate_plan('heads', 'sideways');
-- Down from both heads.
SELECT migrate_stamp('ddd1 ddd2');
SELECT revision FROM migrate_plan('-1', 'downgrade');
SELECT step, revision, from_version, to_version FROM migrate_plan('ddd1@-1', 'downgrade');
SELECT step, revision, from_version, to_version FROM migrate_plan('l1@-2', 'downgrade');
SELECT step, revision, from_version, to_version FROM migrate_plan('l1@-3', 'downgrade');
SELECT revision FROM migrate_plan('bbbb', 'downgrade');
SELECT revision FROM migrate_plan('base+2', 'downgrade');
SELECT revision FROM migrate_plan('l2@base+2', 'downgrade');
SELECT revision FROM migrate_plan('l1@bbbb', 'downgrade');
SELECT revision FROM migrate_plan('ddd1@bbbb', 'downgrade');
SELECT revision FROM migrate_plan('l1@base', 'downgrade');
SELECT revision FROM migrate_plan('head', 'downgrade');
SELECT revision FROM migrate_plan('typo@base', 'downgrade');
SELECT revision FROM migrate_plan('l2@ccc1', 'downgrade');
-- Down from one head.
SELECT migrate_stamp('ddd1', true);
SELECT revision FROM migrate_plan('l2@-1', 'downgrade');
SELECT revision FROM migrate_plan('l2@bbbb', 'downgrade');
SELECT revision FROM migrate_plan('ddd2', 'downgrade');
SELECT revision FROM migrate_plan('-9', 'downgrade');
SELECT revision FROM migrate_plan('ddd1', 'downgrade');
