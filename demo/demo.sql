.echo on
-- An application's schema history, kept inside its database. The files: demo/migrations/*.sql
.load sqlite_ext/limbeck
.mode column
.headers off

-- 1. Fifteen migration files go into the database. Nothing runs yet.
SELECT migrate_load_dir('demo/migrations');
.mode line
SELECT * FROM migrate_status();
.mode list

-- 2. The tree, newest first.
SELECT migrate_graph();

-- 3. A label stands for a branch, `current` and `+N` for where the database is. This is what six steps would do:
.mode column
.headers on
SELECT step, from_version, to_version, message FROM migrate_plan('006');
.headers off
.mode list
SELECT migrate_upgrade('006');
INSERT INTO users (id, email, first_name, last_name) VALUES
  ('u1', 'ada@example.com', 'Ada', 'Lovelace'), ('u2', 'grace@example.com', 'Grace', 'Hopper');
INSERT INTO projects (id, owner_id, name) VALUES ('p1', 'u1', 'Analytical engine');

-- 4. Up to the head: a data migration, two branches and their merge, and the model settings that 013 depends on.
SELECT migrate_upgrade();
.mode column
.headers on
SELECT * FROM active_users ORDER BY id;
SELECT revision, message, is_head FROM migrate_current();

-- 5. The history: what came from what.
SELECT revision, down_revision, depends_on, branch_labels, message, is_current FROM migrate_history();
.headers off
.mode list
SELECT migrate_graph();

-- 6. One step down, and how the database stands then.
SELECT migrate_downgrade('-1');
.mode line
SELECT * FROM migrate_status();
.mode list

-- 7. Down to base: the schema is gone, the history stays.
SELECT migrate_downgrade('base');
SELECT count(*) AS tables FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'migrate_%';

-- 8. And up again. Whoever asks twice is told so.
SELECT migrate_upgrade('head');
SELECT migrate_upgrade('head');

-- 9. The audit log.
.mode column
.headers on
SELECT action, count(*) AS times FROM migrate_log GROUP BY action ORDER BY min(id);
SELECT count(*) AS problems FROM migrate_validate();
