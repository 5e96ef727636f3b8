-- Writing revisions by calls: ids, heads, bases, branches, dependencies.
SELECT migrate_revision('create users', 'CREATE TABLE users (id int)', 'DROP TABLE users', '001');
-- Without an id it gets twelve hexadecimal digits.
SELECT length(migrate_revision('create posts', 'CREATE TABLE posts (id int)', 'DROP TABLE posts'));
SELECT count(*) FROM migrate_heads() WHERE down_revision = '001' AND message = 'create posts';
SELECT count(migrate_delete('head'));
-- The defaults: stands on the head; no downgrade means irreversible.
SELECT migrate_revision('posts', 'CREATE TABLE posts (id int)', NULL, '002');
SELECT down_revision, upgrade, downgrade FROM migrate_show('002');
SELECT migrate_revision('named head', '', '', '003', 'head');
SELECT migrate_revision('by prefix', '', '', 'long1', '003');
SELECT migrate_revision('by prefix', '', '', 'long2', 'lon');
SELECT down_revision FROM migrate_show('long2');
-- What isn't a head is branched from only on purpose.
SELECT migrate_revision('side', '', '', 'side1', '003');
SELECT migrate_revision('side', '', '', 'side1', '003', true);
SELECT migrate_revision('which head', '', '', 'side2');
SELECT migrate_revision('on the side', '', '', 'side2', 'side1@head');
SELECT migrate_revision('another base', '', '', 'other1', 'base', false, 'other');
SELECT migrate_revision('on both', '', '', 'both', 'side2, other1');
SELECT down_revision, branch_labels FROM migrate_show('both');
-- Parents exist, and come once.
SELECT migrate_revision('x', '', '', 'x1', 'nobody');
SELECT migrate_revision('x', '', '', 'x1', 'both, both');
SELECT migrate_revision('x', '', '', 'x1', 'x1', true);
-- An id is taken once; the same again is no news.
SELECT migrate_revision('posts', 'CREATE TABLE posts (id int, title text)', NULL, '002');
SELECT migrate_revision('posts', 'CREATE TABLE posts (id int)', NULL, '002', '001');
SELECT migrate_revision('on both', '', '', 'both', 'side2, other1');
-- What an id may not be.
SELECT migrate_revision('x', '', '', 'a@b', 'base');
SELECT migrate_revision('x', '', '', 'a+b', 'base');
SELECT migrate_revision('x', '', '', 'a:b', 'base');
SELECT migrate_revision('x', '', '', 'a,b', 'base');
SELECT migrate_revision('x', '', '', 'a b', 'base');
SELECT migrate_revision('x', '', '', '', 'base');
SELECT migrate_revision('x', '', '', 'heads', 'base');
SELECT migrate_revision('x', '', '', 'current', 'base');
SELECT migrate_revision('x', '', '', '-1', 'base');
SELECT migrate_revision('x', '', '', 'both-1', 'base');
SELECT migrate_revision('x', '', '', '2024-01-05_a', 'base');
-- Without an upgrade body it is empty.
SELECT migrate_revision('x', NULL, '', 'x1', 'base');
SELECT length(upgrade), length(downgrade) FROM migrate_show('x1');
-- Editing what isn't applied.
SELECT migrate_upgrade('001');
SELECT migrate_edit('002', 'CREATE TABLE posts (id int, title text)', 'DROP TABLE posts', 'posts with a title');
SELECT message, upgrade, downgrade FROM migrate_show('002');
SELECT migrate_edit('002', NULL, NULL, 'posts');
SELECT message, upgrade, downgrade FROM migrate_show('002');
SELECT migrate_edit('001', 'CREATE TABLE users (id bigint)');
SELECT migrate_edit('nobody', '');
-- Deleting what isn't applied and what nothing stands on.
SELECT migrate_delete('001');
SELECT migrate_delete('002');
SELECT migrate_delete('other1');
SELECT migrate_delete('2024-01-05_a');
SELECT migrate_delete('2024-01-05_a');
SELECT migrate_delete('both');
SELECT migrate_delete('other1');
SELECT revision FROM migrate_history();
SELECT revision, problem FROM migrate_validate();
