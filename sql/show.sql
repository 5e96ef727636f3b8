SELECT migrate_revision('create users', 'CREATE TABLE users (id int)', 'DROP TABLE users', 'aaaa');
SELECT migrate_revision('accounts', 'CREATE TABLE accounts (id int)', NULL, 'bbbb', NULL, NULL, 'accounts');
SELECT revision, down_revision, depends_on, branch_labels, message, upgrade, downgrade FROM migrate_show('aaaa');
SELECT revision, upgrade, downgrade, CAST(upgrade_transactional AS int), CAST(downgrade_transactional AS int) FROM migrate_show('accounts');
SELECT revision, length(checksum) FROM migrate_show('aaaa bbbb');
-- The checksum is SHA-256 over the canonical file; the same text gives the same one everywhere.
SELECT revision, checksum FROM migrate_show('aaaa');
SELECT revision, CAST(is_head AS int), CAST(is_base AS int), CAST(is_branch_point AS int), CAST(is_merge_point AS int),
       CAST(is_current AS int), CAST(is_applied AS int) FROM migrate_show('heads');
-- By the words that name a revision.
SELECT revision FROM migrate_show('head');
SELECT revision FROM migrate_show('aa');
SELECT revision FROM migrate_show('current');
SELECT migrate_upgrade('aaaa');
SELECT revision FROM migrate_show('current');
SELECT revision FROM migrate_show('bbbb, aaaa');
SELECT revision FROM migrate_show('accounts@head');
-- Steps and unknown words are errors.
SELECT revision FROM migrate_show('aaaa+1');
SELECT revision FROM migrate_show('-1');
SELECT revision FROM migrate_show('zzzz');
SELECT revision FROM migrate_show('aaaa, zzzz');
SELECT revision FROM migrate_show('base');
