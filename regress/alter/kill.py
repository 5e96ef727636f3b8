#!/usr/bin/python3
"""A process is killed at a random moment of an ALTER TABLE: the next to open the file finds the old table or the new.

Each kind of change and its inverse, in a process of its own, again and again until it is killed; with a cache so
small that pages of the transaction are in the file before it ends. LIMBECK_LONG=1 kills twenty times as often.
"""
import os
import signal
import tempfile
import time

from database import *

CHANGES = {  # how it is carried out: the change and its inverse
    'in place': ('ALTER b SET NOT NULL, ADD CONSTRAINT k CHECK (b <> 0)', 'ALTER b DROP NOT NULL, DROP CONSTRAINT k'),
    'in place, converted': ('ALTER b TYPE text, ALTER c TYPE blob', 'ALTER b TYPE int, ALTER c TYPE real'),
    'made anew': ("ALTER c TYPE int USING CAST(c AS int), ADD CONSTRAINT u UNIQUE (a)",
                  'ALTER c TYPE real, DROP CONSTRAINT u'),
    'made anew by a table that holds the rows': ('ALTER b SET NOT NULL, ADD CONSTRAINT q CHECK (q.a > 0)',
                                                 'ALTER b DROP NOT NULL, DROP CONSTRAINT q'),
    'few rows made anew': ('ADD COLUMN n int DEFAULT 5', 'DROP COLUMN n'),
}
ROWS = 3000


def make_few(db):
    """A few rows in a large schema, which has no trigger and no view."""
    db.execute('CREATE TABLE f (a INTEGER PRIMARY KEY, b int UNIQUE, c real)')
    db.execute('CREATE INDEX fc ON f (c)')
    db.execute("INSERT INTO f VALUES (1, 2, 3), (4, 'five', NULL), (7, x'08', 9)")
    for i in range(300):
        db.execute(f'CREATE TABLE m{i} (a INTEGER PRIMARY KEY, b, c)')
        db.execute(f'CREATE INDEX m{i}b ON m{i} (b)')


def make(path, mode, few):
    db = connect(path)
    db.execute(f'PRAGMA journal_mode = {mode}')
    if few:
        make_few(db)
        db.close()
        return
    for table, check in (('t', ''), ('q', ', CHECK (q.b > -9)')):
        db.execute(f'CREATE TABLE {table} (a INTEGER PRIMARY KEY AUTOINCREMENT, b int, c real{check})')
        db.execute(f'CREATE INDEX {table}b ON {table} (b)')
        db.execute(f'CREATE INDEX {table}ca ON {table} (c, a)')
        db.execute(f'CREATE TABLE {table}_child (a int REFERENCES {table} ON DELETE CASCADE)')
        db.execute(f'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS}) '
                   f'INSERT INTO {table} SELECT i, i * 7 % 1000 + 1, i % 10 FROM n')
        db.execute(f'INSERT INTO {table}_child SELECT a FROM {table} WHERE a % 3 = 0')
        db.execute(f'CREATE TRIGGER {table}t AFTER INSERT ON {table} BEGIN SELECT 1; END')
    db.execute('ANALYZE')
    db.close()


def prepared(path):
    db = connect(path)
    db.execute('PRAGMA foreign_keys = ON')
    db.execute('PRAGMA cache_size = 5')
    db.execute('PRAGMA synchronous = OFF')  # it is the process that dies, not the machine
    return db


def seesaw(path, bodies, in_transaction, ready):
    """Back and forth, for ever."""
    db = prepared(path)
    os.write(ready, b'!')
    while True:
        for body in bodies:
            if in_transaction:
                db.execute('BEGIN')
            execute(db, body)
            if in_transaction:
                db.execute('COMMIT')


def killed(path, bodies, in_transaction, after):
    """True when the process was killed after so many seconds, and did not end before."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            seesaw(path, bodies, in_transaction, writer)
        finally:
            os._exit(1)
    os.close(writer)
    os.read(reader, 1)
    os.close(reader)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def state_of(path):
    db = prepared(path)
    good = db.execute('PRAGMA integrity_check').fetchall() == [('ok',)] and \
        not db.execute('PRAGMA foreign_key_check').fetchall()
    found = state(db) if good else None
    db.close()
    return found


def try_one(kind, mode, rounds, count, rng):
    in_transaction = rng.random() < 0.5
    table = 'q' if 'holds' in kind else 'f' if 'few' in kind else 't'
    bodies = [f'ALTER TABLE {table} {change}' for change in CHANGES[kind]]
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, 'db')
        make(path, mode, table == 'f')
        states = []
        begun = time.monotonic()
        for body in [None, *bodies]:
            if body is not None:
                db = prepared(path)
                execute(db, body)
                db.close()
            states.append(state_of(path))
        took = time.monotonic() - begun
        old, new, again = states
        count.check(old == again != new and None not in states, kind, mode, 'the inverse is none')
        seen, left, wrong = {'old': 0, 'new': 0}, 0, None
        now = old
        for _ in range(rounds):
            if not killed(path, bodies if now == old else bodies[::-1], in_transaction, rng.random() * took):
                wrong = 'it ended before'
            left += any(os.path.exists(path + end) and os.path.getsize(path + end) > 0 for end in ('-journal', '-wal'))
            now = state_of(path)
            if now not in (old, new):
                wrong = 'neither old nor new'
            if wrong:
                break
            seen['old' if now == old else 'new'] += 1
        count.check(wrong is None, kind, mode, wrong)
        print(f'# {kind}, journal {mode}: {seen["old"]} times old, {seen["new"]} times new, {left} journals left')


def main():
    count = Count()
    rng = random.Random(4)
    rounds = 150 if os.environ.get('LIMBECK_LONG') else 8
    for kind in CHANGES:
        for mode in ('delete', 'wal'):
            try_one(kind, mode, rounds, count, rng)
    count.finish()


main()
