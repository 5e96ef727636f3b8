-- What a body leaves for the end of the transaction is checked at the end of its revision, by whatever way the rows
-- got where they are.
CREATE FUNCTION try(sql text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	c text;
BEGIN
	PERFORM migrate_revision('bad', sql, '', 'bad');
	PERFORM migrate_revision('next', 'CREATE TABLE never (id int)', '', 'next');
	PERFORM migrate_upgrade();
	RAISE 'it ran';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS c = PG_EXCEPTION_CONTEXT;
	RETURN concat_ws(', ', SQLERRM, substring(c FROM 'revision "[^\n]*'));
END $$;
CREATE TABLE parent (id int PRIMARY KEY);
INSERT INTO parent VALUES (1);
CREATE TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
SELECT try('INSERT INTO child VALUES (2)');
SELECT try('INSERT INTO child VALUES (2); INSERT INTO parent VALUES (2)');
-- From the other side.
INSERT INTO child VALUES (1);
SELECT try('DELETE FROM parent');
SELECT try('UPDATE parent SET id = 3');
SELECT try('TRUNCATE child; DELETE FROM parent');
-- By a function, a DO block, a trigger of another table, a rule, a view, COPY, a common table expression.
CREATE FUNCTION put(n int) RETURNS void LANGUAGE sql AS $$ INSERT INTO child VALUES (n) $$;
SELECT try('SELECT put(2)');
SELECT try('DO $x$ BEGIN PERFORM put(2); EXCEPTION WHEN division_by_zero THEN NULL; END $x$');
CREATE TABLE plain (id int);
CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO child VALUES (NEW.id); RETURN NULL; END $$;
CREATE TRIGGER pass AFTER INSERT ON plain FOR EACH ROW EXECUTE FUNCTION pass();
SELECT try('INSERT INTO plain VALUES (2)');
CREATE TABLE ruled (id int);
CREATE RULE pass AS ON INSERT TO ruled DO INSTEAD INSERT INTO child VALUES (NEW.id);
SELECT try('INSERT INTO ruled VALUES (2)');
CREATE VIEW seen AS SELECT id FROM child;
SELECT try('INSERT INTO seen VALUES (2)');
SELECT try('COPY child FROM PROGRAM ''echo 2''');
SELECT try('WITH put AS (INSERT INTO child VALUES (2) RETURNING id) SELECT * FROM put');
-- Into a partition that alone has the constraint, and into a table that inherits.
CREATE TABLE parted (id int) PARTITION BY LIST (id);
CREATE TABLE part PARTITION OF parted DEFAULT;
ALTER TABLE part ADD FOREIGN KEY (id) REFERENCES parent DEFERRABLE INITIALLY DEFERRED;
SELECT try('INSERT INTO parted VALUES (2)');
CREATE TABLE base (id int);
CREATE TABLE heir () INHERITS (base);
INSERT INTO heir VALUES (1);
ALTER TABLE heir ADD FOREIGN KEY (id) REFERENCES parent DEFERRABLE INITIALLY DEFERRED;
SELECT try('UPDATE base SET id = 2');
-- By way of a cascade.
CREATE TABLE top (id int PRIMARY KEY);
CREATE TABLE middle (id int PRIMARY KEY REFERENCES top ON DELETE CASCADE);
CREATE TABLE bottom (id int REFERENCES middle DEFERRABLE INITIALLY DEFERRED);
INSERT INTO top VALUES (1);
INSERT INTO middle VALUES (1);
INSERT INTO bottom VALUES (1);
SELECT try('DELETE FROM top');
-- A constraint that the body itself makes, a unique one, a trigger.
SELECT try('CREATE TABLE made (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED); INSERT INTO made VALUES (2)');
SELECT try('CREATE TABLE made (id int UNIQUE DEFERRABLE INITIALLY DEFERRED); INSERT INTO made VALUES (1), (1)');
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
SELECT try('CREATE TABLE made (id int); CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON made DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse(); INSERT INTO made VALUES (1)');
-- What is declared immediate and was deferred by the body.
CREATE TABLE late (id int REFERENCES parent DEFERRABLE INITIALLY IMMEDIATE);
SELECT try('SET CONSTRAINTS ALL DEFERRED; INSERT INTO late VALUES (2)');
