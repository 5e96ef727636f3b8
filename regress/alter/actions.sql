-- The stories of actions.py.

-- # SET NOT NULL: nulls are counted and shown
CREATE TABLE users (id INTEGER PRIMARY KEY, full_name text, note);
INSERT INTO users VALUES (1, 'Ann', NULL), (2, NULL, 'second'), (7, NULL, x'00ff');
ALTER TABLE users ALTER COLUMN full_name SET NOT NULL;
UPDATE users SET full_name = 'nobody' WHERE full_name IS NULL;
ALTER TABLE users ALTER COLUMN full_name SET NOT NULL;
ALTER TABLE users ALTER COLUMN full_name SET NOT NULL;

-- # DROP NOT NULL, wherever it stands
CREATE TABLE t (a text NOT NULL, b text DEFAULT 'x' NOT NULL ON CONFLICT REPLACE, c CONSTRAINT nn NOT NULL, d integer NOT NULL PRIMARY KEY, e int PRIMARY KEY);
CREATE TABLE t (a text NOT NULL, b text DEFAULT 'x' NOT NULL ON CONFLICT REPLACE, c CONSTRAINT nn NOT NULL, d);
ALTER TABLE t ALTER a DROP NOT NULL, ALTER b DROP NOT NULL, ALTER COLUMN c DROP NOT NULL, ALTER d DROP NOT NULL;

-- # DROP NOT NULL of a key
CREATE TABLE t (a integer PRIMARY KEY, b);
ALTER TABLE t ALTER a DROP NOT NULL;

-- # DROP CONSTRAINT by the name of a NOT NULL
CREATE TABLE t (a CONSTRAINT nn NOT NULL, b);
ALTER TABLE t DROP CONSTRAINT nn;

-- # SET DEFAULT, DROP DEFAULT
CREATE TABLE orders (id integer PRIMARY KEY, status text DEFAULT 'old' NOT NULL, total int);
INSERT INTO orders (total) VALUES (1);
ALTER TABLE orders ALTER COLUMN status SET DEFAULT 'new', ALTER total SET DEFAULT 1 + 2;
INSERT INTO orders DEFAULT VALUES;
ALTER TABLE orders ALTER status DROP DEFAULT;
ALTER TABLE orders ALTER status SET DEFAULT upper('old');
ALTER TABLE orders ALTER total SET DEFAULT -5;
INSERT INTO orders DEFAULT VALUES;
ALTER TABLE orders ALTER total SET DEFAULT now();
ALTER TABLE orders ALTER missing SET DEFAULT 1;
ALTER TABLE orders ALTER total SET DEFAULT;

-- # TYPE: SQLite converts by affinity, USING as it says
CREATE TABLE t (id integer PRIMARY KEY, a text, b varchar(20) COLLATE nocase, c);
INSERT INTO t VALUES (1, '007', 'x', 1.5), (2, 'seven', 'y', 2), (3, NULL, NULL, NULL);
ALTER TABLE t ALTER COLUMN a TYPE integer;
ALTER TABLE t ALTER COLUMN b SET DATA TYPE text COLLATE rtrim USING upper(b) || id, ALTER c TYPE timestamp(3) with time zone;
ALTER TABLE t ALTER b TYPE text COLLATE "default", ALTER c TYPE text[];
ALTER TABLE t ALTER a TYPE text, ALTER a TYPE int;
ALTER TABLE t ALTER a TYPE text USING count(*);
ALTER TABLE t ALTER a TYPE text USING missing;
ALTER TABLE t ALTER a TYPE text USING;
ALTER TABLE t ALTER a TYPE text COLLATE nowhere;

-- # TYPE bigint of an INTEGER PRIMARY KEY, which holds it already
CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a);
INSERT INTO t (a) VALUES ('x');
ALTER TABLE t ALTER id TYPE bigint;

-- # TYPE in a STRICT table
CREATE TABLE t (id integer PRIMARY KEY, v text) STRICT;
INSERT INTO t VALUES (5, '1'), (1, 'b'), (2, 'c');
ALTER TABLE t ALTER v TYPE integer;
ALTER TABLE t ALTER v TYPE varchar(20);
ALTER TABLE t ALTER v TYPE integer USING length(v);

-- # ADD CHECK
CREATE TABLE orders (id integer PRIMARY KEY, total int);
INSERT INTO orders VALUES (1, 5), (2, -3), (3, NULL), (4, -4);
ALTER TABLE orders ADD CONSTRAINT orders_total_positive CHECK (total >= 0);
ALTER TABLE orders ADD CHECK (total > -100), ADD CHECK (total < 100);
ALTER TABLE orders ADD CONSTRAINT orders_total_check CHECK (total > 1);
ALTER TABLE orders DROP CONSTRAINT orders_total_check1;
ALTER TABLE orders ADD CHECK (missing > 1);
ALTER TABLE orders ADD CHECK (total > 1) NOT VALID;

-- # ADD UNIQUE
CREATE TABLE users (id integer PRIMARY KEY, email text COLLATE nocase, name);
INSERT INTO users VALUES (1, 'A@x', 1), (2, 'b@x', 2), (3, 'a@x', 3), (4, NULL, 4), (5, NULL, 5), (6, 'B@X', 6);
ALTER TABLE users ADD UNIQUE (email);
DELETE FROM users WHERE id IN (3, 6);
ALTER TABLE users ADD UNIQUE (email), ADD CONSTRAINT "two of them" UNIQUE (name, email);
ALTER TABLE users ADD UNIQUE (missing);
ALTER TABLE users ADD UNIQUE (name) DEFERRABLE;

-- # a unique index that a new type makes ambiguous
CREATE TABLE t (id integer PRIMARY KEY, a text, b);
INSERT INTO t VALUES (1, '1', 1), (2, '01', 2), (3, '2', 3);
CREATE UNIQUE INDEX one_of_each ON t (a DESC, b > 0) WHERE id > 0;
ALTER TABLE t ALTER a TYPE integer;

-- # ADD PRIMARY KEY
CREATE TABLE t (id integer, v);
INSERT INTO t VALUES (5, 1), (1, 2), ('x', 3), (NULL, 4), (1, 5);
ALTER TABLE t ADD PRIMARY KEY (id);
DELETE FROM t WHERE v = 4;
ALTER TABLE t ADD PRIMARY KEY (id);
DELETE FROM t WHERE v = 3;
ALTER TABLE t ADD PRIMARY KEY (id);
DELETE FROM t WHERE v = 5;
ALTER TABLE t ADD CONSTRAINT the_key PRIMARY KEY (id);
ALTER TABLE t ADD PRIMARY KEY (v);
ALTER TABLE t DROP CONSTRAINT the_key;

-- # ADD FOREIGN KEY
CREATE TABLE users (id integer PRIMARY KEY, name);
CREATE TABLE orders (id integer PRIMARY KEY, user_id int);
INSERT INTO users VALUES (1, 'ann');
INSERT INTO orders VALUES (10, 1), (20, 2), (30, 3), (40, NULL);
ALTER TABLE orders ADD CONSTRAINT orders_user_fk FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE;
ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users (name);
ALTER TABLE orders ADD FOREIGN KEY (missing) REFERENCES users;
DELETE FROM orders WHERE id IN (20, 30);
ALTER TABLE orders ADD CONSTRAINT orders_user_fk FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
DELETE FROM users;

-- # the parent is rebuilt, and no child row is touched
CREATE TABLE users (id integer PRIMARY KEY, name text);
CREATE TABLE orders (id integer PRIMARY KEY, user_id int REFERENCES users ON DELETE CASCADE);
INSERT INTO users VALUES (1, 'ann'), (2, 'bob');
INSERT INTO orders VALUES (10, 1), (20, 2);
BEGIN;
ALTER TABLE users ALTER name SET NOT NULL;
COMMIT;
DELETE FROM users WHERE id = 1;

-- # what was violated before is nobody's business
PRAGMA foreign_keys = OFF;
CREATE TABLE users (id integer PRIMARY KEY);
CREATE TABLE orders (id integer PRIMARY KEY, user_id int REFERENCES users, note);
INSERT INTO orders VALUES (2, 9, NULL), (3, 8, NULL);
PRAGMA foreign_keys = ON;
ALTER TABLE orders ALTER note SET DEFAULT 5;
ALTER TABLE users ALTER id TYPE text;

-- # a deferred violation is pending
CREATE TABLE users (id integer PRIMARY KEY);
CREATE TABLE orders (id integer PRIMARY KEY, user_id int REFERENCES users DEFERRABLE INITIALLY DEFERRED);
BEGIN;
INSERT INTO orders VALUES (1, 7);
ALTER TABLE users ALTER id TYPE text;
INSERT INTO users VALUES (7);
ALTER TABLE orders ALTER user_id SET NOT NULL;
COMMIT;

-- # constraints without a name, by PostgreSQL's
CREATE TABLE orders (id integer PRIMARY KEY, user_id int REFERENCES users, email text UNIQUE, total int CHECK (total >= 0) CHECK (total < 99), CHECK (total > id));
ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey, DROP CONSTRAINT orders_total_check1;
ALTER TABLE orders DROP CONSTRAINT orders_email_key;
ALTER TABLE orders DROP CONSTRAINT orders_total_check, DROP CONSTRAINT orders_check, DROP CONSTRAINT "ORDERS_PKEY";
ALTER TABLE orders DROP CONSTRAINT orders_total_check;
ALTER TABLE orders DROP CONSTRAINT IF EXISTS orders_total_check;

-- # DROP CONSTRAINT that a foreign key needs
CREATE TABLE users (id integer PRIMARY KEY, email text UNIQUE);
CREATE TABLE logins (id integer PRIMARY KEY, email text REFERENCES users (email) ON DELETE CASCADE);
INSERT INTO users VALUES (1, 'a');
INSERT INTO logins VALUES (1, 'a');
ALTER TABLE users DROP CONSTRAINT users_email_key;
ALTER TABLE users DROP CONSTRAINT users_email_key RESTRICT;
ALTER TABLE users DROP CONSTRAINT users_email_key CASCADE;

-- # the primary key of a WITHOUT ROWID table
CREATE TABLE t (a text PRIMARY KEY, b) WITHOUT ROWID;
INSERT INTO t VALUES ('x', 1);
ALTER TABLE t DROP CONSTRAINT t_pkey;
ALTER TABLE t DROP COLUMN a;
ALTER TABLE t ALTER b SET NOT NULL;

-- # RENAME CONSTRAINT
CREATE TABLE t (a int CHECK (a > 0), b int, CONSTRAINT "old name" CHECK (b > 0));
ALTER TABLE t RENAME CONSTRAINT "old name" TO [New name];
ALTER TABLE t RENAME CONSTRAINT t_a_check TO positive;
ALTER TABLE t RENAME CONSTRAINT "new name" TO positive;
ALTER TABLE t RENAME CONSTRAINT missing TO x;
ALTER TABLE t RENAME CONSTRAINT positive TO t_a_check;
ALTER TABLE t RENAME CONSTRAINT t_a_check TO x, ALTER b SET NOT NULL;

-- # ADD COLUMN, what SQLite adds itself
CREATE TABLE t (a);
INSERT INTO t VALUES (1);
ALTER TABLE t ADD b text NOT NULL DEFAULT 'x';
ALTER TABLE t ADD COLUMN IF NOT EXISTS b int;
ALTER TABLE t ADD COLUMN b int;
ALTER TABLE t ADD COLUMN c int CHECK (c > 0) DEFAULT -1;
ALTER TABLE t ADD COLUMN c timestamp(3) with time zone;
ALTER TABLE t ADD COLUMN d int GENERATED ALWAYS AS (a * 2) VIRTUAL, ADD COLUMN "e e" text COLLATE nocase;

-- # ADD COLUMN, what SQLite refuses
CREATE TABLE t (a);
ALTER TABLE t ADD b int NOT NULL;
INSERT INTO t VALUES (1, 2);
ALTER TABLE t ADD COLUMN c int NOT NULL;
ALTER TABLE t ADD COLUMN d int DEFAULT (a + 1);
ALTER TABLE t ADD COLUMN d text DEFAULT lower('ABC') UNIQUE, ADD COLUMN s int GENERATED ALWAYS AS (b * 2) STORED;
INSERT INTO t (a, b, d) VALUES (2, 3, 'other');
ALTER TABLE t ADD COLUMN u int DEFAULT 7 UNIQUE;
ALTER TABLE t ADD COLUMN id INTEGER PRIMARY KEY AUTOINCREMENT;
ALTER TABLE t ADD COLUMN id2 INTEGER PRIMARY KEY;

-- # ADD COLUMN with REFERENCES and a default
CREATE TABLE p (id integer PRIMARY KEY);
CREATE TABLE t (a);
INSERT INTO p VALUES (1);
INSERT INTO t VALUES (1);
ALTER TABLE t ADD COLUMN p_id int DEFAULT 2 REFERENCES p;
ALTER TABLE t ADD COLUMN p_id int DEFAULT 1 REFERENCES p;

-- # ADD COLUMN breaks a trigger
CREATE TABLE t (a, b);
CREATE TABLE log (a, b);
CREATE TRIGGER copy AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.a, new.b); END;
CREATE TRIGGER fine AFTER INSERT ON t BEGIN SELECT 1; END;
ALTER TABLE log ADD COLUMN c;

-- # DROP COLUMN with what is the table's own: indexes, constraints
CREATE TABLE t (a int, b int UNIQUE, c int REFERENCES t (b), d int CHECK (d > 0) CHECK (a > 0), e int, UNIQUE (a, e), CHECK (e > a));
INSERT INTO t VALUES (1, 2, 2, 4, 5);
CREATE INDEX on_e ON t (e);
CREATE INDEX on_a ON t (a) WHERE e > 0;
CREATE INDEX on_d ON t (d);
ALTER TABLE t DROP COLUMN e;
ALTER TABLE t DROP c, DROP COLUMN IF EXISTS missing;
ALTER TABLE t DROP COLUMN d;
ALTER TABLE t DROP COLUMN missing;
ALTER TABLE t DROP b;
ALTER TABLE t DROP a;

-- # DROP COLUMN with others in the way
CREATE TABLE t (a, b, c, g AS (c + 1));
INSERT INTO t VALUES (1, 2, 3);
CREATE VIEW v AS SELECT a, c FROM t;
CREATE VIEW w AS SELECT c FROM v;
CREATE TEMP VIEW tv AS SELECT "c" FROM t;
CREATE TRIGGER tr AFTER UPDATE ON t BEGIN SELECT new.c; END;
CREATE TRIGGER other AFTER UPDATE ON t BEGIN SELECT new.a; END;
ALTER TABLE t DROP COLUMN c;
ALTER TABLE t DROP COLUMN c RESTRICT;
ALTER TABLE t DROP COLUMN g;
ALTER TABLE t DROP COLUMN c;
ALTER TABLE t DROP COLUMN c CASCADE;

-- # DROP COLUMN that is referenced
CREATE TABLE users (id integer PRIMARY KEY, name);
CREATE TABLE orders (id integer PRIMARY KEY, user_id int REFERENCES users);
INSERT INTO users VALUES (1, 'x');
INSERT INTO orders VALUES (1, 1);
ALTER TABLE users DROP COLUMN id;
ALTER TABLE users DROP COLUMN id CASCADE;

-- # several statements, one rebuild; RENAME COLUMN among them
CREATE TABLE t (a text, b text, c text);
INSERT INTO t VALUES ('1', '2', '3');
CREATE VIEW v AS SELECT c FROM t;
-- exec
ALTER TABLE t ALTER a TYPE int;
ALTER TABLE main.t ADD CHECK (a > 0); -- a comment
ALTER TABLE "t" RENAME COLUMN c TO cc;
ALTER TABLE [T] ALTER COLUMN cc SET NOT NULL;
ALTER TABLE `t` RENAME a TO aa;
ALTER TABLE t ALTER aa TYPE text USING 'v' || aa;
ALTER TABLE IF EXISTS ONLY t RENAME TO u;
ALTER TABLE u ALTER b SET DEFAULT 'x';
-- done

-- # RENAME is SQLite's own
CREATE TABLE t (a, b);
CREATE TABLE u (t_b REFERENCES t (b));
ALTER TABLE t RENAME TO "new t";
ALTER TABLE "new t" RENAME b TO c;
ALTER TABLE "new t" RENAME missing TO d;

-- # names and comments of every kind
CREATE TABLE "a ""table" ([the column] int, `b``c` int);
ALTER TABLE /* which */ main."a ""table" -- this one
  ALTER COLUMN [the column] /* of */ SET NOT NULL, -- first
  ADD CONSTRAINT `odd ''name` CHECK ("b`c" > 0);
ALTER TABLE "a ""table" DROP CONSTRAINT "odd ''name", ALTER 'the column' DROP NOT NULL;

-- # a definition that speaks of the table by name
CREATE TABLE t (id integer PRIMARY KEY AUTOINCREMENT, a int CHECK (t.a > 0), b text);
INSERT INTO t (a) VALUES (5), (6);
DELETE FROM t WHERE a = 6;
CREATE INDEX i ON t (b);
CREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT 1; END;
ALTER TABLE t ALTER b SET DEFAULT 'x', ADD CHECK (t.id < 1000);
INSERT INTO t (a) VALUES (7);
ALTER TABLE t ALTER b SET NOT NULL;

-- # TEMP tables and TEMP triggers
CREATE TABLE t (a);
CREATE TEMP TABLE t (a, b);
INSERT INTO temp.t VALUES (1, 2);
CREATE TEMP TRIGGER tt AFTER INSERT ON main.t BEGIN SELECT 1; END;
CREATE TEMP TRIGGER ut AFTER INSERT ON t BEGIN SELECT 2; END;
ALTER TABLE t ALTER b SET NOT NULL;
ALTER TABLE main.t ALTER a SET NOT NULL;
SELECT * FROM temp.t;

-- # what can't be altered
CREATE VIEW v AS SELECT 1 AS a;
CREATE VIRTUAL TABLE vt USING fts5(a);
CREATE TABLE t (a);
ALTER TABLE v ALTER a SET NOT NULL;
ALTER TABLE vt ADD COLUMN b;
ALTER TABLE sqlite_master ADD CHECK (1);
ALTER TABLE missing ALTER a SET NOT NULL;
ALTER TABLE main.missing ADD CHECK (1);
ALTER TABLE IF EXISTS missing ALTER a SET NOT NULL;
ALTER TABLE nowhere.t ADD CHECK (1);
DROP TABLE vt;

-- # what only PostgreSQL can
CREATE TABLE t (a);
ALTER TABLE t ALTER COLUMN a SET STORAGE EXTERNAL;
ALTER TABLE t ALTER a SET STATISTICS 100;
ALTER TABLE t OWNER TO joe;
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
ALTER TABLE t SET SCHEMA other;
ALTER TABLE t ADD EXCLUDE USING gist (a WITH =);
ALTER TABLE t VALIDATE CONSTRAINT x;
ALTER TABLE t ALTER CONSTRAINT x DEFERRABLE;
ALTER TABLE t ALTER a ADD GENERATED ALWAYS AS IDENTITY;
ALTER TABLE t ADD COLUMN id int GENERATED BY DEFAULT AS IDENTITY;
ALTER TABLE t ADD id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY;

-- # words that are none
CREATE TABLE t (a);
ALTER TABLE t;
ALTER TABLE t FROBNICATE;
ALTER TABLE t ALTER a;
ALTER TABLE t ALTER a SET NOT;
ALTER TABLE t ADD CONSTRAINT x;
ALTER TABLE t ADD CHECK (a > 0;
ALTER TABLE t ADD CHECK (a > 0) hello;
ALTER TABLE t DROP CONSTRAINT;
ALTER TABLE t ALTER a SET NOT NULL,;
ALTER TABLE t MODIFY a int;

-- # DROP COLUMN under views on views
CREATE TABLE t (a, b);
CREATE VIEW v1 AS SELECT b FROM t;
CREATE VIEW v2 AS SELECT * FROM v1;
CREATE VIEW v3 AS SELECT a FROM t;
CREATE TRIGGER written INSTEAD OF UPDATE ON v2 BEGIN UPDATE t SET b = new.b; END;
ALTER TABLE t DROP COLUMN b;
ALTER TABLE t DROP COLUMN b CASCADE;

-- # a conflict clause makes no row vanish
CREATE TABLE t (a text UNIQUE ON CONFLICT REPLACE, b int NOT NULL ON CONFLICT IGNORE, c text);
INSERT INTO t VALUES ('1', 1, NULL), ('01', 2, 'x'), ('2', 3, 'x');
ALTER TABLE t ALTER a TYPE int;
ALTER TABLE t ADD UNIQUE (c);
ALTER TABLE t ALTER b TYPE int USING nullif(b, 2);
ALTER TABLE t ALTER c SET DEFAULT 'y';

-- # statistics stay with the table and its indexes
CREATE TABLE t (a int UNIQUE, b int);
CREATE INDEX i ON t (b);
INSERT INTO t VALUES (1, 1), (2, 1), (3, 2);
ANALYZE;
ALTER TABLE t ALTER b SET DEFAULT 0;
CREATE TABLE seen AS SELECT tbl, idx, stat FROM sqlite_stat1 ORDER BY idx;

-- # a STRICT table looks at every value of a column that gets another type
CREATE TABLE t (a ANY NOT NULL, b int) STRICT;
INSERT INTO t VALUES (x'00', 1), ('text', 2);
ALTER TABLE t ALTER a TYPE blob;
ALTER TABLE t ALTER a TYPE blob, ADD UNIQUE (b);
DELETE FROM t WHERE b = 2;
ALTER TABLE t ALTER a TYPE blob, ADD UNIQUE (b);

-- # rows that end before a column keep what its DEFAULT gave them
CREATE TABLE t (a INTEGER PRIMARY KEY);
INSERT INTO t VALUES (1), (2);
ALTER TABLE t ADD COLUMN b text DEFAULT 'old';
INSERT INTO t (a) VALUES (3);
ALTER TABLE t ALTER b SET DEFAULT 'new';
INSERT INTO t (a) VALUES (4);
ALTER TABLE t ALTER b SET DEFAULT 'newer', ALTER b SET NOT NULL;
INSERT INTO t (a) VALUES (5);
ALTER TABLE t ALTER b DROP DEFAULT;

-- # values of another type are converted where they are
CREATE TABLE log (what);
CREATE TABLE t (a INTEGER PRIMARY KEY, b text, c text);
CREATE INDEX b ON t (b);
CREATE INDEX c ON t (c);
CREATE TRIGGER seen AFTER UPDATE ON t BEGIN INSERT INTO log VALUES (new.a); END;
INSERT INTO t VALUES (1, '07', '1'), (2, 'seven', '2'), (3, NULL, '3'), (4, '1.5', '4');
ANALYZE;
ALTER TABLE t ALTER b TYPE int, ADD CHECK (b <> 8);
ALTER TABLE t ADD CHECK (b <> 7), ALTER b TYPE text;
ALTER TABLE t ADD CHECK (b <> '7'), ALTER b TYPE text;
ALTER TABLE t ALTER b SET NOT NULL, ALTER b TYPE blob;

-- # a foreign key without a parent key hides no other
CREATE TABLE p (id INTEGER PRIMARY KEY, code int);
CREATE TABLE q (id text PRIMARY KEY COLLATE nocase, n int UNIQUE);
CREATE TABLE t (a int REFERENCES p (code), b text REFERENCES q, c REFERENCES q (n), d REFERENCES nowhere);
PRAGMA foreign_keys = OFF;
INSERT INTO q VALUES ('X', 1);
INSERT INTO t VALUES (1, 'x', 1, NULL), (2, 'old', '1', NULL), (3, NULL, NULL, 1);
PRAGMA foreign_keys = ON;
ALTER TABLE t ADD CHECK (a > 0);
ALTER TABLE t ALTER b TYPE text USING b || 1;
ALTER TABLE t ALTER c TYPE int USING c + 1;
ALTER TABLE t ALTER d TYPE int USING 3;
ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES p (code);
ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES q (n);
ALTER TABLE q DROP CONSTRAINT q_n_key;
ALTER TABLE p ADD UNIQUE (code);
ALTER TABLE t DROP CONSTRAINT t_a_fkey, ADD CHECK (a > 1 OR b IS NOT 3);
