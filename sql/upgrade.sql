-- An application's first day: three revisions, up in one go.
SELECT revision FROM migrate_current();
SELECT migrate_upgrade();
SELECT migrate_revision('create users', 'CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL)', 'DROP TABLE users', '001');
SELECT migrate_revision('create posts', 'CREATE TABLE posts (id int PRIMARY KEY, author int);
INSERT INTO posts VALUES (1, 10), (2, 10)', 'DROP TABLE posts', '002');
SELECT migrate_revision('count posts', 'ALTER TABLE users ADD COLUMN posts int DEFAULT 0;
INSERT INTO users (id, email) VALUES (10, ''ada@example.com'');
UPDATE users SET posts = (SELECT count(*) FROM posts WHERE author = users.id);', 'DELETE FROM users;
ALTER TABLE users DROP COLUMN posts;', '003');
-- What would run.
SELECT step, operation, revision, from_version, to_version, message, CAST(transactional AS int), CAST(reversible AS int)
FROM migrate_plan();
SELECT migrate_upgrade();
SELECT id, email, posts FROM users;
SELECT version_num FROM migrate_version;
SELECT revision, message, branch_labels, CAST(is_head AS int) FROM migrate_current();
-- A second time there is nothing to do.
SELECT migrate_upgrade();
SELECT migrate_upgrade('head');
SELECT migrate_upgrade('003');
SELECT count(*) FROM migrate_plan();
-- So it is for a target below.
SELECT migrate_upgrade('001');
SELECT migrate_upgrade('base');
SELECT version_num FROM migrate_version;
-- Step by step.
SELECT migrate_downgrade('base');
SELECT migrate_upgrade('+1');
SELECT migrate_upgrade('+2');
SELECT migrate_downgrade('base');
SELECT migrate_upgrade('002');
SELECT migrate_upgrade('002+1');
SELECT migrate_upgrade('+1');
-- In the caller's transaction it comes and goes with what else is done there.
SELECT migrate_downgrade('001');
BEGIN;
INSERT INTO users VALUES (1, 'grace@example.com');
SELECT migrate_upgrade();
SELECT count(*) FROM posts;
ROLLBACK;
SELECT count(*) FROM users;
SELECT version_num FROM migrate_version;
BEGIN;
SELECT migrate_upgrade('002');
SELECT migrate_upgrade();
COMMIT;
SELECT version_num FROM migrate_version;
-- Bodies may be empty.
SELECT migrate_revision('only a mark', '', '', '004');
SELECT migrate_upgrade();
SELECT migrate_downgrade('-1');
