-- Functions with a body in SQL itself, from PostgreSQL 14 on: semicolons and parameters of their own.
-- (pg_sql_functions_1.out is 13's answer.)
SELECT migrate_revision('sql functions', $body$
CREATE FUNCTION double(i int) RETURNS int LANGUAGE sql RETURN $1 * 2;
CREATE FUNCTION triple(i int) RETURNS int LANGUAGE sql
BEGIN ATOMIC
    SELECT 1;
    SELECT CASE WHEN $1 > 0 THEN $1 * 3 END;
END;
CREATE TABLE t (id int);
$body$, 'DROP TABLE t; DROP FUNCTION triple; DROP FUNCTION double', '001');
SELECT migrate_upgrade();
SELECT statements FROM migrate_log WHERE action = 'upgrade';
SELECT double(2), triple(2);
