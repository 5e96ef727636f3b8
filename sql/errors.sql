-- Nothing is there yet: readers show nothing, targets name nothing.
SELECT count(*) FROM migrate_history();
SELECT count(*) FROM migrate_heads();
SELECT count(*) FROM migrate_branches();
SELECT revision FROM migrate_show('head');
SELECT migrate_upgrade('head');
SELECT migrate_upgrade('heads');
SELECT migrate_upgrade('+1');
SELECT migrate_upgrade('abcd');
SELECT migrate_downgrade('-1');
SELECT migrate_downgrade('base');
SELECT migrate_downgrade('abcd');
SELECT migrate_stamp('head');
SELECT migrate_stamp('base');
SELECT migrate_merge('heads', 'nothing to merge');
SELECT migrate_edit('abcd', '');
SELECT migrate_delete('abcd');
-- Ambiguous prefixes list all that begin so.
SELECT migrate_revision('a', '', '', '548b1', 'base');
SELECT migrate_revision('b', '', '', '548b2', '548b1');
SELECT migrate_revision('c', '', '', '548b3', '548b2');
SELECT migrate_revision('d', '', '', '54', '548b3');
SELECT migrate_upgrade('548b');
SELECT revision FROM migrate_plan('54');
SELECT revision FROM migrate_plan('548');
-- A long or strange word is shown cut and escaped.
SELECT migrate_upgrade('0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890');
SELECT migrate_upgrade('a	b');
SELECT migrate_upgrade('a
b');
SELECT migrate_upgrade('né');
SELECT migrate_upgrade('it''s');
-- The same thing said twice is said once.
SELECT migrate_stamp('548b1, 548b1');
SELECT migrate_upgrade('54, 54');
SELECT version_num FROM migrate_version;
