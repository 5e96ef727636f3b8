-- Two people start from the same revision.
SELECT migrate_revision('users', 'CREATE TABLE users (id int)', 'DROP TABLE users', 'base1');
SELECT migrate_revision('webhooks', 'CREATE TABLE webhooks (id int)', 'DROP TABLE webhooks', 'hook1');
SELECT migrate_revision('search', 'CREATE TABLE search (id int)', 'DROP TABLE search', 'find1', 'base1');
SELECT migrate_revision('search', 'CREATE TABLE search (id int)', 'DROP TABLE search', 'find1', 'base1', true);
SELECT revision, message, children FROM migrate_branches();
SELECT revision, down_revision, branch_labels, message FROM migrate_heads();
SELECT migrate_graph();
-- `head` is one revision: here there are two.
SELECT migrate_upgrade();
SELECT migrate_revision('more', '', '');
SELECT migrate_upgrade('heads');
SELECT version_num FROM migrate_version ORDER BY version_num;
SELECT revision, message, CAST(is_head AS int) FROM migrate_current();
-- Steps need to be told which branch.
SELECT migrate_downgrade('-1');
SELECT migrate_downgrade('find1@-1');
SELECT migrate_upgrade('find1');
-- A new revision on one of the branches.
SELECT migrate_revision('faster search', 'CREATE INDEX search_id ON search (id)', 'DROP INDEX search_id', 'find2', 'find1');
SELECT migrate_upgrade('find1@head');
SELECT version_num FROM migrate_version ORDER BY version_num;
-- Down to the branch point takes both branches down, unless one is named.
SELECT revision, from_version, to_version FROM migrate_plan('base1', 'downgrade');
SELECT migrate_downgrade('find1@base1');
SELECT version_num FROM migrate_version ORDER BY version_num;
SELECT migrate_downgrade('base1');
SELECT migrate_upgrade('heads');
SELECT migrate_downgrade('base');
SELECT count(*) FROM migrate_version;
-- A base of its own beside the others.
SELECT migrate_revision('billing', 'CREATE TABLE invoices (id int)', 'DROP TABLE invoices', 'bill1', 'base', NULL, 'billing');
SELECT migrate_revision('credit notes', 'CREATE TABLE credit_notes (id int)', 'DROP TABLE credit_notes', 'bill2', 'billing@head');
SELECT migrate_upgrade('billing@head');
SELECT migrate_upgrade('heads');
SELECT revision, branch_labels FROM migrate_heads();
SELECT migrate_downgrade('billing@base');
SELECT version_num FROM migrate_version ORDER BY version_num;
SELECT migrate_downgrade('base');
