-- A working day with the words of the four guides (docs/coming-from-alembic.md): where Alembic has a command line,
-- Limbeck has a call.
SELECT migrate_revision('initial schema', 'CREATE TABLE users (id int PRIMARY KEY, first_name text, last_name text)', 'DROP TABLE users', '001');
SELECT migrate_revision('seed builtin profiles', 'CREATE TABLE profiles (id int PRIMARY KEY, name text);
INSERT INTO profiles VALUES (1, ''reader''), (2, ''writer'');', 'DROP TABLE profiles', '002');
-- alembic upgrade head
SELECT migrate_upgrade('head');
-- alembic downgrade -1; alembic upgrade +1
SELECT migrate_downgrade('-1');
SELECT migrate_upgrade('+1');
-- The guide's data migration.
INSERT INTO users VALUES (1, 'Ada', 'Lovelace'), (2, NULL, 'Hopper');
SELECT migrate_revision('migrate_user_data', 'ALTER TABLE users ADD COLUMN full_name text;
UPDATE users SET full_name = first_name || '' '' || last_name WHERE first_name IS NOT NULL AND last_name IS NOT NULL;
UPDATE users SET full_name = last_name WHERE full_name IS NULL;
ALTER TABLE users ALTER COLUMN full_name SET NOT NULL;', 'ALTER TABLE users DROP COLUMN full_name', '003');
SELECT migrate_upgrade('head');
SELECT full_name FROM users ORDER BY id;
-- alembic current; alembic heads; alembic history
SELECT revision, message, CAST(is_head AS int) FROM migrate_current();
SELECT revision, message FROM migrate_heads();
SELECT revision, down_revision, message FROM migrate_history();
-- Two people wrote a revision at once: alembic merge <rev1> <rev2> -m "Merge migrations"
SELECT migrate_revision('add webhooks', 'CREATE TABLE webhooks (id int)', 'DROP TABLE webhooks', 'abc123def456');
SELECT migrate_revision('user preferences', 'CREATE TABLE user_preferences (id int)', 'DROP TABLE user_preferences', '1a6a70f64ea3', '003', true);
SELECT migrate_upgrade('head');
SELECT migrate_merge('abc1, 1a6a', 'Merge migrations', '99b3ff7741d5');
SELECT migrate_upgrade('head');
-- Or, instead, one of them is put after the other before it is applied.
SELECT migrate_downgrade('003');
SELECT migrate_delete('99b3');
SELECT migrate_load('-- migrate:revision 1a6a70f64ea3
-- migrate:message user preferences
-- migrate:down_revision abc123def456
-- migrate:up
CREATE TABLE user_preferences (id int);
-- migrate:down
DROP TABLE user_preferences;
', NULL);
SELECT migrate_upgrade('head');
-- The database has the tables already: alembic stamp head
SELECT migrate_stamp('base');
SELECT migrate_stamp('head');
SELECT migrate_upgrade('head');
-- alembic downgrade base: everything that the history made is gone.
SELECT migrate_downgrade('base');
SELECT version_num FROM migrate_version;
