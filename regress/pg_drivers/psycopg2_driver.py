"""psycopg2: an upgrade with bound parameters, in its own way of transactions (BEGIN before everything)."""
import os

import psycopg2


def check(what, got, wanted):
    print(f"ok {what}" if got == wanted else f"not ok {what} ({got!r})")


db = psycopg2.connect(dbname=os.environ["PGDATABASE"])


def one(sql, *values):
    with db.cursor() as cursor:
        cursor.execute(sql, values)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


one("CREATE EXTENSION limbeck")
db.commit()
check("store a revision", one("SELECT migrate_revision(%s, %s, %s, %s)", "users",
                              "CREATE TABLE users (id integer)", "DROP TABLE users", "001"), "001")
check("load a file", one("SELECT migrate_load(%s, %s)",
                         "-- migrate:up\nCREATE TABLE posts (id integer);\n-- migrate:down\nDROP TABLE posts;\n",
                         "002_posts.sql"), "002")
check("upgrade", one("SELECT migrate_upgrade(%s)", "head"), "upgraded base -> 002 (2 revisions)")
check("notices", [n.strip() for n in db.notices[-2:]],
      ["NOTICE:  Running upgrade base -> 001, users (1 of 2)", "NOTICE:  Running upgrade 001 -> 002, posts (2 of 2)"])
db.commit()
check("read", one("SELECT message FROM migrate_show(%s)", "001"), "users")
check("downgrade by one", one("SELECT migrate_downgrade(%s)", "-1"), "downgraded 002 -> 001 (1 revision)")
db.rollback()
check("undone by the caller", one("SELECT version_num FROM migrate_version"), "002")
db.rollback()
one("SELECT migrate_revision(%s, %s, NULL, %s)", "fails", "SELECT 1;\nINSERT INTO users VALUES ('x')", "003")
db.commit()
try:
    one("SELECT migrate_upgrade(%s)", "head")
    check("error", None, "an error")
except psycopg2.Error as e:
    check("error", (e.pgcode, e.diag.internal_position), ("22P02", "37"))
    check("its context", e.diag.context, 'revision "003" (upgrade), statement 2 of 2, line 2, column 27')
db.rollback()
db.autocommit = True
check("autocommit", one("SELECT migrate_downgrade(%s)", "base"), "downgraded 002 -> base (2 revisions)")
db.close()
db = psycopg2.connect(dbname=os.environ["PGDATABASE"])
db.set_session(isolation_level="SERIALIZABLE")
check("serializable", one("SELECT migrate_upgrade(%s)", "002"), "upgraded base -> 002 (2 revisions)")
db.commit()
check("durable", one("SELECT version_num FROM migrate_version"), "002")
