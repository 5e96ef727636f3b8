.echo on
-- An application's schema history, kept inside its database. The files: demo/migrations/*.sql
.load sqlite_ext/limbeck

-- 1. Fifteen migration files go into the database. Nothing runs yet.
SELECT migrate_load_dir('demo/migrations');
.mode line
SELECT * FROM migrate_status();
.mode list

-- 2. The tree, newest first: o is pending, * applied, @ where the database stands.
SELECT migrate_graph();

-- 3. What would the first six steps do? Then they are done, and people begin to use the application.
.mode box
SELECT step, from_version, to_version, message FROM migrate_plan('006');
.mode list
SELECT migrate_upgrade('006');
INSERT INTO users (id, email, first_name, last_name) VALUES
  ('u1', 'ada@example.com', 'Ada', 'Lovelace'), ('u2', 'grace@example.com', 'Grace', 'Hopper');
INSERT INTO projects (id, owner_id, name) VALUES ('p1', 'u1', 'Analytical engine');

-- 4. The model settings are a branch of their own, known by its label. They need 001, which is there.
SELECT migrate_upgrade('models@head');
.mode box
SELECT revision, message, branch_labels FROM migrate_current();
.mode list

-- 5. Up to the head: a data migration, two branches and their merge, and 013, which depends on the model settings.
SELECT migrate_upgrade();
.mode box
SELECT * FROM active_users ORDER BY id;

-- 6. The history: what came from what.
SELECT revision, down_revision, depends_on, branch_labels, message, is_current FROM migrate_history();
.mode list
SELECT migrate_graph();

-- 7. One step down, and how the database stands then.
SELECT migrate_downgrade('-1');
.mode line
SELECT * FROM migrate_status();
.mode list

-- 8. Down to base: the schema is gone, the history stays.
SELECT migrate_downgrade('base');
SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'migrate_%';

-- 9. And up again. Whoever asks twice is told so.
SELECT migrate_upgrade('head');
SELECT migrate_upgrade('head');

-- 10. The audit log, and nothing to complain about.
SELECT action, count(*) FROM migrate_log GROUP BY action ORDER BY min(id);
SELECT count(*) FROM migrate_validate();
