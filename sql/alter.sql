-- One history for both engines: ALTER TABLE in the standard's words.
SELECT migrate_revision('users and orders', '
CREATE TABLE users (id integer PRIMARY KEY, email text UNIQUE, full_name text);
CREATE TABLE orders (
    id integer PRIMARY KEY,
    user_id integer REFERENCES users (id) ON DELETE CASCADE,
    total integer CHECK (total >= 0),
    status text
);
INSERT INTO users VALUES (1, ''ann@example.org'', ''Ann''), (2, ''bob@example.org'', NULL);
INSERT INTO orders VALUES (10, 1, 5, ''paid''), (11, 1, 7, NULL), (12, 2, 9, ''open'')', 'DROP TABLE orders; DROP TABLE users', 'a1');
SELECT migrate_revision('names are needed', '
UPDATE users SET full_name = ''nobody'' WHERE full_name IS NULL;
ALTER TABLE users ALTER COLUMN full_name SET NOT NULL, ALTER COLUMN full_name SET DEFAULT ''unknown''', '
ALTER TABLE users ALTER COLUMN full_name DROP NOT NULL, ALTER COLUMN full_name DROP DEFAULT;
UPDATE users SET full_name = NULL WHERE full_name = ''nobody''', 'b2');
SELECT migrate_revision('orders are checked', '
ALTER TABLE orders ADD CONSTRAINT orders_total_small CHECK (total < 100), DROP CONSTRAINT orders_user_id_fkey;
ALTER TABLE orders ALTER COLUMN total TYPE text USING total || '' EUR'', DROP CONSTRAINT orders_total_check, DROP CONSTRAINT orders_total_small;
ALTER TABLE orders ADD COLUMN IF NOT EXISTS paid integer NOT NULL DEFAULT 0, ALTER COLUMN status SET DEFAULT ''new''', '
ALTER TABLE orders DROP COLUMN paid, ALTER COLUMN status DROP DEFAULT;
ALTER TABLE orders ALTER COLUMN total TYPE integer USING CAST(replace(total, '' EUR'', '''') AS integer);
ALTER TABLE orders ADD CHECK (total >= 0), ADD FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE', 'c3');
SELECT migrate_revision('emails need not differ', '
ALTER TABLE users DROP CONSTRAINT users_email_key;
ALTER TABLE users RENAME COLUMN email TO address;
ALTER TABLE users ADD CONSTRAINT users_both UNIQUE (address, full_name);
ALTER TABLE users RENAME CONSTRAINT users_both TO users_address_and_name', '
ALTER TABLE users DROP CONSTRAINT users_address_and_name;
ALTER TABLE users RENAME COLUMN address TO email;
ALTER TABLE users ADD UNIQUE (email)', 'd4');
SELECT migrate_upgrade('b2');
INSERT INTO users (id, email) VALUES (3, 'eve@example.org');
SELECT * FROM users ORDER BY id;
-- The rows that refer to the table are all there.
SELECT * FROM orders ORDER BY id;
SELECT migrate_upgrade('head');
INSERT INTO orders (id, user_id, total) VALUES (13, 77, '1 EUR');
DELETE FROM orders WHERE id = 13;
SELECT * FROM orders ORDER BY id;
INSERT INTO users (id, address, full_name) VALUES (4, 'eve@example.org', 'Eve');
SELECT * FROM users ORDER BY id;
DELETE FROM users WHERE id > 2;
-- And all the way back.
SELECT migrate_downgrade('b2');
SELECT * FROM orders ORDER BY id;
DELETE FROM orders WHERE user_id = 2;
SELECT id FROM orders ORDER BY id;
SELECT migrate_downgrade('a1');
SELECT * FROM users ORDER BY id;
SELECT migrate_upgrade('head');
SELECT migrate_downgrade('base');
