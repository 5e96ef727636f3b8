-- One row that says how a database stands.
SELECT current, heads, pending, applied, irreversible_pending, problems FROM migrate_status();
SELECT migrate_revision('one', '', '', '001');
SELECT migrate_revision('two', '', NULL, '002');
SELECT migrate_revision('three', '', '', '003');
SELECT current, heads, pending, applied, irreversible_pending, problems FROM migrate_status();
SELECT migrate_upgrade('001');
SELECT current, heads, pending, applied, irreversible_pending, problems FROM migrate_status();
SELECT migrate_upgrade();
SELECT current, heads, pending, applied, irreversible_pending, problems FROM migrate_status();
SELECT migrate_revision('side', '', '', '00b', '001', true);
SELECT current, heads, pending, applied, irreversible_pending, problems FROM migrate_status();
SELECT migrate_upgrade('heads');
SELECT current, heads, pending, applied, irreversible_pending, problems FROM migrate_status();
INSERT INTO migrate_version (version_num) VALUES ('stray');
SELECT current, heads, pending, applied, irreversible_pending, problems FROM migrate_status();
