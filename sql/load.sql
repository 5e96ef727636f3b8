-- Migration files, given as text.
SELECT migrate_load('-- migrate:revision 001
-- migrate:message create users
-- migrate:up
CREATE TABLE users (id int);
-- migrate:down
DROP TABLE users;
', NULL);
-- Without a header the file name says id and message.
SELECT migrate_load('-- migrate:up
CREATE TABLE posts (id int);

-- migrate:down
DROP TABLE posts;
', '20260110_001_create_posts.sql');
SELECT migrate_load('-- migrate:up
ALTER TABLE posts ADD COLUMN title text;
', 'db/migrations/a1b2c3d4_posts_have_titles.sql');
SELECT migrate_load('-- migrate:up
-- migrate:down
', 'a mark.sql');
SELECT migrate_load('-- migrate:up
-- migrate:down
', 'a_mark.sql');
SELECT revision, down_revision, message FROM migrate_history();
SELECT revision, upgrade, downgrade FROM migrate_show('001, 20260110_001, a1b2c3d4, a_mark');
-- The same once more: nothing happens, whatever the line ends.
SELECT migrate_load('-- migrate:revision 001
-- migrate:message create users
-- migrate:up
CREATE TABLE users (id int);
-- migrate:down
DROP TABLE users;


', NULL);
SELECT count(*) FROM migrate_log WHERE action = 'load';
-- Pending and changed: replaced. Applied and changed: an error.
SELECT migrate_upgrade('001');
SELECT migrate_load('-- migrate:up
CREATE TABLE posts (id int, title text);

-- migrate:down
DROP TABLE posts;
', '20260110_001_create_posts.sql');
SELECT migrate_load('-- migrate:revision 001
-- migrate:message create users
-- migrate:up
CREATE TABLE users (id int, email text);
-- migrate:down
DROP TABLE users;
', NULL);
-- All header lines, both engines' sections, and what each engine runs.
SELECT migrate_load('-- What a file may say.
-- migrate:revision 3f2a9c1b77de
-- migrate:message everything
-- migrate:down_revision a_mark
-- migrate:depends_on 001
-- migrate:branch_label accounts, people
-- migrate:up
CREATE TABLE e (engine text);
-- migrate:up sqlite
CREATE TABLE e (engine text); -- on sqlite
-- migrate:up postgres
CREATE TABLE e (engine text); -- on postgres
-- migrate:down
DROP TABLE e;
', 'whatever.sql');
SELECT revision, down_revision, depends_on, branch_labels, message, downgrade FROM migrate_show('3f2a');
SELECT migrate_load('-- migrate:revision root2
-- migrate:down_revision base
-- migrate:up
', NULL);
SELECT revision, CAST(is_base AS int) FROM migrate_show('root2');
-- A marker counts at the start of a line, outside strings and comments.
SELECT migrate_load('-- migrate:revision strings
-- migrate:down_revision root2
-- migrate:up
CREATE TABLE s (t text);
INSERT INTO s VALUES (''
-- migrate:down
'');
/*
-- migrate:down
*/
-- migrate:down
DROP TABLE s;
', NULL);
SELECT upgrade, downgrade FROM migrate_show('strings');
-- One BEGIN ... COMMIT around a body is no more than that.
SELECT migrate_load('-- migrate:revision wrapped
-- migrate:down_revision strings
-- migrate:up
BEGIN;
CREATE TABLE w (i int);
COMMIT;
-- migrate:down
BEGIN; DROP TABLE w; END;
', NULL);
SELECT migrate_upgrade('wrapped');
SELECT count(*) FROM w;
SELECT migrate_downgrade('wrapped@-1');
-- What is no migration file.
SELECT migrate_load('CREATE TABLE x (i int);', 'x.sql');
SELECT migrate_load('', 'x.sql');
SELECT migrate_load(NULL, 'x.sql');
SELECT migrate_load('-- migrate:up
SELECT 1;
-- migrate:up
SELECT 2;
', 'x.sql');
SELECT migrate_load('-- migrate:down
SELECT 1;
', 'x.sql');
SELECT migrate_load('-- migrate:sideways
SELECT 1;
', 'x.sql');
SELECT migrate_load('-- migrate:up slowly
SELECT 1;
', 'x.sql');
SELECT migrate_load('SELECT 0;
-- migrate:up
SELECT 1;
', 'x.sql');
SELECT migrate_load('-- migrate:revision x
-- migrate:revision y
-- migrate:up
', 'x.sql');
SELECT migrate_load('-- migrate:revision a@b
-- migrate:up
', 'x.sql');
SELECT migrate_load('-- migrate:revision x
-- migrate:down_revision nobody
-- migrate:up
', 'x.sql');
SELECT migrate_load('-- migrate:revision x
-- migrate:down_revision x
-- migrate:up
', 'x.sql');
SELECT migrate_load('-- migrate:revision x
-- migrate:down_revision base
-- migrate:depends_on nobody
-- migrate:up
', 'x.sql');
SELECT migrate_load('-- migrate:revision x
-- migrate:down_revision base
-- migrate:branch_label accounts
-- migrate:up
', 'x.sql');
SELECT migrate_load('-- migrate:revision x
-- migrate:down_revision base
-- migrate:up
CREATE TABLE x (t text DEFAULT ''unterminated);
', 'x.sql');
-- A pending file may not close a cycle.
SELECT migrate_load('-- migrate:revision cycle1
-- migrate:down_revision base
-- migrate:up
', NULL);
SELECT migrate_load('-- migrate:revision cycle2
-- migrate:down_revision cycle1
-- migrate:up
', NULL);
SELECT migrate_load('-- migrate:revision cycle1
-- migrate:down_revision cycle2
-- migrate:up
', NULL);
SELECT migrate_load('-- migrate:revision cycle1
-- migrate:down_revision base
-- migrate:depends_on cycle2
-- migrate:up
', NULL);
SELECT revision FROM migrate_heads();
SELECT revision, problem FROM migrate_validate();
