#!/usr/bin/python3
"""What a rebuild costs: ALTER TABLE ... SET NOT NULL, and DROP NOT NULL, on a table of a million rows with
two indexes.

    bench/alter.py [--rows N] [--rounds N] [--library FILE]

In the same run, on copies of one file, each the best of its rounds:

    raw           its parts as plain SQL: INSERT ... SELECT, the DROP, the two CREATE INDEXes
    limbeck       SELECT migrate_exec('ALTER TABLE ...')
    alembic       op.batch_alter_table() of Debian's python3-alembic, if it is there
    sqlite-utils  Table.transform() of Debian's sqlite-utils, if it is there

Each has its time by the wall clock and that of the processor, which other work on the machine disturbs less,
both with the ratio to raw's. The exit status is 1 when Limbeck takes more than 1.3 times as long as raw in both. DROP NOT NULL lets SQLite copy the rows without looking into them, where it is asked to copy
whole rows.
"""
import argparse
import os
import shutil
import sqlite3
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TYPES = {'SET': 'text NOT NULL', 'DROP': 'text'}
COLUMNS = 'name {}, email text, age int, note text, created text'
INDEXES = ('CREATE INDEX users_email ON users (email)', 'CREATE INDEX users_age ON users (age, name)')


def now():
    return time.perf_counter(), time.process_time()


def since(begun):
    """Seconds by the wall clock and of the processor."""
    return tuple(b - a for a, b in zip(begun, now()))


def make(path, rows, change):
    db = sqlite3.connect(path, isolation_level=None)
    db.execute('CREATE TABLE users (id INTEGER PRIMARY KEY, ' + 
               COLUMNS.format(TYPES['DROP' if change == 'SET' else 'SET']) + ')')
    db.execute('BEGIN')
    db.executemany('INSERT INTO users VALUES (?, ?, ?, ?, ?, ?)', (
        (i, f'name {i}', f'user{i * 7919 % rows}@example.org', i % 90, f'a note of some words about {i} ' * 2,
         '2026-01-01 00:00:00') for i in range(rows)))
    db.execute('COMMIT')
    for sql in INDEXES:
        db.execute(sql)
    db.close()


def raw(path, change):
    db = sqlite3.connect(path, isolation_level=None)
    begun = now()
    db.execute('CREATE TABLE new_users (id INTEGER PRIMARY KEY, ' + COLUMNS.format(TYPES[change]) + ')')
    db.execute('INSERT INTO new_users SELECT * FROM users')
    db.execute('DROP TABLE users')
    for sql in INDEXES:
        db.execute(sql.replace('ON users', 'ON new_users'))
    return since(begun)


def limbeck(path, change):
    db = sqlite3.connect(path, isolation_level=None)
    db.enable_load_extension(True)
    db.load_extension(options.library)
    begun = now()
    db.execute(f"SELECT migrate_exec('ALTER TABLE users ALTER COLUMN name {change} NOT NULL')").fetchall()
    return since(begun)


def alembic(path, change):
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from sqlalchemy import create_engine
    with create_engine(f'sqlite:///{path}').connect() as connection:
        begun = now()
        transaction = connection.begin()
        op = Operations(MigrationContext.configure(connection))
        with op.batch_alter_table('users') as batch:
            batch.alter_column('name', nullable=change == 'DROP')
        transaction.commit()
        return since(begun)


def sqlite_utils(path, change):
    from sqlite_utils import Database
    db = Database(path)
    begun = now()
    db['users'].transform(not_null={'name': change == 'SET'})
    # transform() of this version leaves the indexes out.
    for sql in INDEXES:
        if sql.split()[2] not in {i.name for i in db['users'].indexes}:
            db.execute(sql)
    return since(begun)


def check(path, change):
    """The change is made, no row is lost."""
    db = sqlite3.connect(path)
    table = db.execute("SELECT name FROM sqlite_master WHERE name IN ('users', 'new_users')").fetchone()[0]
    assert db.execute(f"SELECT \"notnull\" FROM pragma_table_info('{table}') WHERE name = 'name'") \
        .fetchone()[0] == (change == 'SET')
    assert db.execute(f'SELECT count(*) FROM {table}').fetchone()[0] == options.rows
    assert len(db.execute(f"SELECT * FROM pragma_index_list('{table}')").fetchall()) == 2
    db.close()


def available(name):
    try:
        __import__({'alembic': 'alembic', 'sqlite-utils': 'sqlite_utils'}[name])
        return True
    except ImportError:
        print(f'{name}: not installed')
        return False


def measure(change, ways, work):
    """Prints the best times. True: Limbeck is within its bound."""
    best = {}
    original, path = os.path.join(work, 'original'), os.path.join(work, 'copy')
    make(original, options.rows, change)
    print(f'{change} NOT NULL: {options.rows} rows, {os.path.getsize(original) / 1e6:.0f} MB, '
          f'SQLite {sqlite3.sqlite_version}, best of {options.rounds}')
    for _ in range(options.rounds):
        for name, way in ways.items():
            shutil.copyfile(original, path)
            os.sync()
            taken = way(path, change)
            best[name] = tuple(map(min, taken, best.get(name, taken)))
            check(path, change)
    os.remove(original)
    for name, taken in best.items():
        print(f'{name:14}' + ''.join(f'{t:8.2f} s{t / r:8.2f}' for t, r in zip(taken, best['raw'])))
    return any(t <= 1.3 * r for t, r in zip(best['limbeck'], best['raw']))


def main():
    ways = {'raw': raw, 'limbeck': limbeck}
    ways.update({n: f for n, f in (('alembic', alembic), ('sqlite-utils', sqlite_utils)) if available(n)})
    with tempfile.TemporaryDirectory() as work:
        return all([measure(change, ways, work) for change in ('SET', 'DROP')])


parser = argparse.ArgumentParser()
parser.add_argument('--rows', type=int, default=1000000)
parser.add_argument('--rounds', type=int, default=3)
parser.add_argument('--library', default=os.path.join(TOP, 'sqlite_ext', 'limbeck'))
options = parser.parse_args()
sys.exit(0 if main() else 1)
