#!/usr/bin/python3
"""Consecutive ALTERs of one table make one rebuild, and the same of the table as one by one.

Random tables and random runs of statements: once in one body, once each in a call of its own, compared
in schema and rows. How often the rows were copied is told by sqlite3_total_changes(), with the other way, which
leaves them where they are, barred. LIMBECK_TABLES: how many (600); LIMBECK_SEED: only that one.
"""
import re

from database import *
from tables import Table, statements


def made(seed):
    rng = random.Random(seed)
    db = connect()
    table = Table(rng)
    table.build(db)
    db.execute('PRAGMA foreign_keys = ON')
    return rng, db, table


def texts(db):
    """The schema without white space and comments: SQLite adds a column in a place of its own."""
    return [(*row[:3], re.sub(r'\s+|/\*.*?\*/|--[^\n]*\n', '', row[3] or '', flags=re.S)) for row in schema(db)]


def try_one(seed, count, tally):
    try:
        rng, together, table = made(seed)
        _, apart, _ = made(seed)
    except sqlite3.Error:
        return
    run = statements(rng, table)
    words = ';\n'.join(run)
    try:
        apart.execute('BEGIN')
        for sql in run:
            execute(apart, sql)
        apart.execute('COMMIT')
    except sqlite3.Error as error:
        tally['refused one by one'] = tally.get('refused one by one', 0) + 1
        return
    try:
        execute(together, words)
    except sqlite3.Error as error:
        count.check(False, f'seed {seed}: together fails: {error}\n{table.sql}\n{words}')
        return
    good = contents(together) == contents(apart) and texts(together) == texts(apart)
    if not count.check(good, f'seed {seed}: not the same\n{table.sql}\n{words}'):
        for a, b in zip(schema(apart), schema(together)):
            if a != b:
                print('  apart   ', a[3], '\n  together', b[3])
        for name, was in contents(apart).items():
            if was != contents(together).get(name):
                print('  rows', name, was[:3], contents(together).get(name)[:3])


def copies(setup, body, barred=True):
    """How often the rows of t, a hundred of them, are written by the body."""
    db = connect()
    if barred:
        make_anew(db)
    db.executescript(setup)
    db.execute('WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) '
               'INSERT INTO t (a) SELECT i FROM n')
    before = db.total_changes
    execute(db, body)
    # The rows of sqlite_schema and the like are some more.
    return (db.total_changes - before + 20) // 100


def one_rebuild(count):
    setup = 'CREATE TABLE t (a int, b text, c text); CREATE INDEX i ON t (a, b);'
    for body, wanted in (
            ('ALTER TABLE t ALTER a SET NOT NULL', 1),
            ("ALTER TABLE t ALTER a SET NOT NULL; ALTER TABLE t ALTER b SET DEFAULT 'x'; ALTER TABLE T ADD CHECK"
             ' (a > 0); ALTER TABLE main.t ADD UNIQUE (a); ALTER TABLE "t" ALTER c TYPE int', 1),
            ("ALTER TABLE t ALTER a SET NOT NULL, ALTER b SET DEFAULT 'x', ADD COLUMN d int DEFAULT (1), DROP c", 1),
            ('ALTER TABLE t ALTER a SET NOT NULL; ALTER TABLE t RENAME b TO bb; ALTER TABLE t ALTER bb SET DEFAULT'
             ' 1', 1),
            ('ALTER TABLE t ALTER a SET NOT NULL; ALTER TABLE t ADD d int; ALTER TABLE t DROP c', 1),
            ('ALTER TABLE t ADD d int; ALTER TABLE t ADD e int', 0),
            ('ALTER TABLE t RENAME b TO bb; ALTER TABLE t RENAME TO u', 0),
            ('ALTER TABLE t ALTER b DROP NOT NULL; ALTER TABLE t DROP COLUMN IF EXISTS z', 0),
            ("ALTER TABLE t ALTER a TYPE text; ALTER TABLE t ALTER b TYPE text USING a || 'x'", 2),
            ('ALTER TABLE t ALTER a SET NOT NULL; SELECT 1; ALTER TABLE t ALTER a DROP NOT NULL', 2)):
        found = copies(setup, body)
        count.check(found == wanted, f'{found} copies, not {wanted}: {body}')
    for body, wanted in (
            ("ALTER TABLE t ALTER a SET NOT NULL, ALTER b SET DEFAULT 'x', ADD CHECK (a > 0), ALTER b TYPE varchar", 0),
            ('ALTER TABLE t ALTER b TYPE int, ALTER c TYPE blob; ALTER TABLE t ALTER a DROP NOT NULL', 1),
            ('ALTER TABLE t ADD UNIQUE (a), ALTER b TYPE int', 1)):
        found = copies(setup, body, barred=False)
        count.check(found == wanted, f'rows written {found} times, not {wanted}: {body}')


def main():
    count = Count()
    tally = {}
    one_rebuild(count)
    for seed in seeds(600):
        try_one(seed, count, tally)
    for reason, n in tally.items():
        print(f'# {n} {reason}')
    count.finish()


main()
