#!/usr/bin/python3
"""DROP COLUMN through Limbeck leaves what SQLite's own leaves: the same texts, in the same order, the same
rows under the same rowids, sound indexes; also where it goes by a copy of few rows.

    drop.py
"""
import itertools
import os
import random
import sqlite3
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIBRARY = os.environ.get('LIMBECK_LIBRARY', os.path.join(TOP, 'sqlite_ext', 'limbeck.so'))
passed = failed = 0

TABLES = (
    ('id INTEGER PRIMARY KEY, a text, b int, c real', 'b'),
    ('a text, b int, c real DEFAULT 1.5', 'a'),
    ('a text UNIQUE, b int DEFAULT 7, c', 'c'),
    ('a text NOT NULL, b int CHECK (b > 0), c, UNIQUE (a, b)', 'c'),
    ('a text, rowid int, b blob', 'a'),
    ('a, b, oid, rowid, _rowid_', 'a'),
    ('"a b" text COLLATE nocase, [x"y] int, `c` DEFAULT (1 + 1)', 'x"y'),
    ('a int, b int GENERATED ALWAYS AS (a + 1), c int', 'c'),
    ('id INTEGER PRIMARY KEY AUTOINCREMENT, a, b', 'b'),
    ('a PRIMARY KEY, b, c', 'c'),
    ('a, b, c, PRIMARY KEY (a, c)', 'b'),
    ('a int REFERENCES other (x), b, c', 'b'),
    ('a, b int REFERENCES other (x), c', 'b'),
)
OPTIONS = ('', ' WITHOUT ROWID', ' STRICT')
INDEXES = ((), ('CREATE INDEX t_0 ON t ({0})',),
           ('CREATE UNIQUE INDEX t_u ON t ({0}, {1})', 'CREATE INDEX t_w ON t ({1}) WHERE {0} IS NOT NULL'),
           ('CREATE INDEX t_d ON t ({d})',))
SETTINGS = ('PRAGMA foreign_keys = OFF', 'PRAGMA foreign_keys = ON')


def open_database(loaded):
    db = sqlite3.connect(':memory:', isolation_level=None)
    db.enable_load_extension(True)
    if loaded:
        db.load_extension(os.path.splitext(LIBRARY)[0])
    return db


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def make(db, definition, option, dropped, indexes, rows, setting, seed):
    """False: SQLite has no such table."""
    chance = random.Random(seed)
    db.execute('PRAGMA auto_vacuum = ' + chance.choice(('NONE', 'FULL')))
    db.execute('CREATE TABLE other (x PRIMARY KEY, y)')
    try:
        db.execute(f'CREATE TABLE t ({definition}){option}')
    except sqlite3.Error:
        return False
    columns = [row[1] for row in db.execute('PRAGMA table_xinfo(t)') if row[6] == 0]
    others = [quoted(c) for c in columns if c != dropped] * 2
    for sql in indexes:
        db.execute(sql.format(*others, d=quoted(dropped)))
    db.execute('CREATE TABLE after (z)')
    for number in range(rows):
        values = [chance.choice((number + 1, f'text {number}', number + 0.5, b'\0\xff' + bytes([number % 256]), None))
                  for _ in columns]
        try:
            db.execute(f'INSERT INTO t VALUES ({", ".join("?" * len(values))})', values)
        except sqlite3.Error:
            pass
    db.execute('DELETE FROM t WHERE ' + others[0] + ' IN (SELECT ' + others[0] + ' FROM t LIMIT 2)')
    db.execute('ANALYZE' if chance.random() < 0.2 else 'SELECT 1')
    if chance.random() < 0.5:
        db.execute("ALTER TABLE t ADD COLUMN late int DEFAULT 3")
    db.execute(setting)
    return True


def state(db):
    # what was left where: rowids by whichever name has no column
    rows = 'no rows'
    for name in ('rowid', '_rowid_', 'oid', "'none'"):
        try:
            rows = db.execute(f'SELECT {name}, * FROM t ORDER BY 1, 2').fetchall()
            break
        except sqlite3.Error:
            continue
    tables = "('t', 'other', 'after', 'sqlite_stat1', 'sqlite_sequence')"
    schema = f'SELECT type, name, sql FROM sqlite_master WHERE tbl_name IN {tables} ORDER BY rowid'
    found = [rows] + [db.execute(sql).fetchall()
                      for sql in (schema, 'PRAGMA integrity_check', 'PRAGMA foreign_keys')]
    for table in ('sqlite_stat1', 'sqlite_sequence'):
        if db.execute('SELECT 1 FROM sqlite_master WHERE name = ?', (table,)).fetchone():
            found.append(db.execute(f'SELECT * FROM {table} ORDER BY 1, 2').fetchall())
    return found


def run(db, sql, *values):
    try:
        db.execute(sql, values).fetchall()
        return True
    except sqlite3.Error:
        return False


def surroundings():
    """An authorizer that hides a column or forbids a step, a file that defends itself, changes(): the column
    is dropped by SQLite itself, and nothing is lost."""
    global passed, failed
    ok, ignore, deny = sqlite3.SQLITE_OK, sqlite3.SQLITE_IGNORE, sqlite3.SQLITE_DENY
    authorizers = {
        'a column is hidden': lambda action, one, two, *_: ignore if (one, two) == ('t', 'a') else ok,
        'no table may be created': lambda action, *_: deny if action == sqlite3.SQLITE_CREATE_TABLE else ok,
        'no table may be dropped': lambda action, *_: deny if action == sqlite3.SQLITE_DROP_TABLE else ok,
    }
    for name, authorizer in authorizers.items():
        db = open_database(True)
        db.execute('CREATE TABLE t (a, b, c)')
        db.execute('INSERT INTO t VALUES (1, 2, 3)')
        db.set_authorizer(authorizer)
        said = run(db, 'SELECT migrate_exec(?)', 'ALTER TABLE t DROP COLUMN b')
        db.set_authorizer(lambda *what: ok)
        good = said and db.execute('SELECT * FROM t').fetchall() == [(1, 3)]
        good = good and db.execute('SELECT count(*) FROM sqlite_master').fetchone() == (1,)
        passed, failed = passed + good, failed + (not good)
        print(f'{"ok" if good else "not ok"} {name}')
    db = open_database(True)
    db.execute('CREATE TABLE t (a, b, c)')
    db.execute('INSERT INTO t VALUES (1, 2, 3), (4, 5, 6)')
    db.execute('SELECT migrate_exec(?)', ('UPDATE t SET a = 7 WHERE c = 3; ALTER TABLE t DROP COLUMN b;'
                                          ' INSERT INTO t VALUES (changes(), 9)',)).fetchall()
    good = db.execute('SELECT * FROM t').fetchall() == [(7, 3), (4, 6), (1, 9)]
    passed, failed = passed + good, failed + (not good)
    print(f'{"ok" if good else "not ok"} changes() is what it was')


def main():
    global passed, failed
    swapped = 0
    if sqlite3.sqlite_version_info < (3, 35, 5):
        print('# this SQLite drops no column\n0 passed, 0 failed')
        return False
    surroundings()
    for seed, (table, option, indexes, rows, setting) in enumerate(
            itertools.product(TABLES, OPTIONS, INDEXES, (0, 3, 60, 1200), SETTINGS)):
        definition, dropped = table
        own, theirs = open_database(True), open_database(False)
        if not make(own, definition, option, dropped, indexes, rows, setting, seed):
            continue
        make(theirs, definition, option, dropped, indexes, rows, setting, seed)
        drop = f'ALTER TABLE t DROP COLUMN {quoted(dropped)}'
        if not run(theirs, drop):
            continue  # for the rebuild, which other tests try
        before = own.execute("SELECT rootpage FROM sqlite_master WHERE name = 't'").fetchone()
        own.execute('INSERT INTO after VALUES (1)')
        good = run(own, 'SELECT migrate_exec(?)', drop) and state(own)[0:2] == state(theirs)[0:2]
        theirs.execute('INSERT INTO after VALUES (1)')
        good = good and state(own) == state(theirs)
        good = good and own.execute('SELECT last_insert_rowid()').fetchone() == (1,)
        good = good and run(own, 'PRAGMA writable_schema = OFF') and not run(own, "UPDATE sqlite_master SET sql = ''")
        swapped += before != own.execute("SELECT rootpage FROM sqlite_master WHERE name = 't'").fetchone()
        passed, failed = passed + good, failed + (not good)
        if not good:
            print(f'not ok {definition}{option}, {len(indexes)} indexes, {rows} rows, {setting}')
            print(f'# {state(own)[1:]}\n# {state(theirs)[1:]}'[:1500])
    print(f'# {swapped} by a copy of the rows')
    failed += swapped == 0
    print(f'{passed} passed, {failed} failed')
    return failed > 0


sys.exit(main())
