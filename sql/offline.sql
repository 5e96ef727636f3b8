-- A script starts where the database is, or at the start of a range.
SELECT migrate_revision('add users', 'CREATE TABLE users (id int)', 'DROP TABLE users', '001');
SELECT migrate_revision('add plans', 'CREATE TABLE plans (id int)', 'DROP TABLE plans', '002');
SELECT migrate_revision('no way back', 'CREATE TABLE files (id int)', NULL, '003');
SELECT CAST(migrate_upgrade_sql() LIKE '%upgrade base -> 003 (3 revisions)%' AS int) AS ok;
SELECT CAST(migrate_upgrade_sql('002') = migrate_upgrade_sql('base:002') AS int) AS ok;
SELECT CAST(migrate_upgrade_sql('002') = migrate_upgrade_sql(':002') AS int) AS ok;
SELECT migrate_upgrade('001');
SELECT CAST(migrate_upgrade_sql('+1') LIKE '%upgrade 001 -> 002 (1 revision)%' AS int) AS ok;
SELECT CAST(migrate_upgrade_sql('+1') = migrate_upgrade_sql('current:+1') AS int) AS ok;
SELECT CAST(migrate_downgrade_sql('002:base') LIKE '%downgrade 002 -> base (2 revisions)%' AS int) AS ok;
-- Nothing is run.
SELECT current, pending FROM migrate_status();
-- Nothing to do.
SELECT migrate_upgrade_sql('001');
SELECT migrate_downgrade_sql('001');
-- What a run refuses.
SELECT migrate_downgrade_sql('003:base');
SELECT migrate_downgrade_sql(NULL);
SELECT migrate_downgrade_sql('003:');
SELECT migrate_downgrade_sql('001:002');
SELECT migrate_upgrade_sql('base:001:002');
SELECT migrate_upgrade_sql('001 002:003');
SELECT migrate_upgrade_sql('zzzz:003');
SELECT migrate_upgrade_sql('001:zzzz');
SELECT migrate_upgrade_sql('+9');
