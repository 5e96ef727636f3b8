-- A directory of migration files is taken as a whole. A dbmate folder, as it is:
SELECT migrate_load_dir('regress/files/dbmate');
SELECT revision, down_revision, message FROM migrate_history();
SELECT revision, upgrade_transactional FROM migrate_show('20240103');
-- The byte-order mark and CRLF of a file from Windows are not part of it.
SELECT upgrade, downgrade FROM migrate_show('20240102');
SELECT migrate_upgrade('20240102');
SELECT migrate_load_dir('regress/files/dbmate', 'dbmate');
SELECT migrate_load_dir('regress/files/dbmate', 'limbeck');
-- A statement that no function can run is refused before anything runs, with the words to type instead.
SELECT migrate_upgrade();
SELECT version_num FROM migrate_version;
-- A team's history: parents, branches, a merge, a label and dependencies come out of the files.
SELECT migrate_load_dir('demo/migrations');
SELECT revision, down_revision, depends_on, branch_labels FROM migrate_history(':015');
-- Whatever is wrong with one file, none is taken.
SELECT migrate_load_dir('regress/files/twice');
SELECT migrate_load_dir('regress/files/cycle');
SELECT migrate_load_dir('regress/files/no_up');
SELECT migrate_load_dir('regress/files/utf16');
SELECT migrate_load_dir('regress/files/latin1');
SELECT migrate_load_dir('regress/files/nul');
SELECT migrate_load_dir('regress/files/empty');
SELECT migrate_load_dir('regress/files/nowhere');
SELECT migrate_load_dir('README.md');
SELECT count(*) FROM migrate_history();
SELECT revision, problem FROM migrate_validate();
-- A row that was changed by hand is put right, applied or not; a second time nothing is to be done.
UPDATE migrate_revision SET upgrade = upgrade || ' ' WHERE revision LIKE '20240101%' OR revision LIKE '20240103%';
UPDATE migrate_revision SET downgrade = x'00' WHERE revision LIKE '20240102%';
SELECT revision, problem FROM migrate_validate();
SELECT migrate_load_dir('regress/files/dbmate');
SELECT migrate_load_dir('regress/files/dbmate');
SELECT revision, problem FROM migrate_validate();
SELECT revision, detail FROM migrate_log WHERE detail IS NOT NULL;
