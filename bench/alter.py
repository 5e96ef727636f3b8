#!/usr/bin/python3
"""What ALTER TABLE costs on a table of a million rows with two indexes: another type, which has to rebuild it, SET
NOT NULL and DROP NOT NULL.

    bench/alter.py [--rows N] [--rounds N] [--library FILE]

In the same run, on copies of one file, the medians of its rounds:

    raw           its parts as plain SQL: INSERT ... SELECT, the DROP, the two CREATE INDEXes
    limbeck       SELECT migrate_exec('ALTER TABLE ...')
    alembic       op.batch_alter_table() of Debian's python3-alembic, if it is there
    sqlite-utils  Table.transform() of Debian's sqlite-utils, if it is there

A row compares Limbeck with one of the others by the clock, and says the ratio of processor time, too, which other
work on the machine disturbs less; one of the two has to meet the target: 1.3 times raw, less than the tools. The exit status is 1
when a target is missed. bench/run.py has the same rows, of a smaller table unless --full is given.
"""
import argparse
import os
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time

from common import TOP, Bench, Report, milliseconds

COLUMNS = 'name {}, email text, age {}, note text, created text'


class Change:
    """One ALTER TABLE: the columns name and age before and after, and the same in the other tools' words."""

    def __init__(self, sql, before, after, column, alembic, sqlite_utils, done):
        self.sql, self.before, self.after, self.column = sql, before, after, column
        self.alembic, self.sqlite_utils, self.done = alembic, sqlite_utils, done


CHANGES = (
    Change('ALTER COLUMN age TYPE text', ('text', 'int'), ('text', 'text'), 'age', {'type_': 'text'},
           {'types': {'age': str}}, "SELECT lower(type) = 'text' FROM pragma_table_info('{}') WHERE name = 'age'"),
    Change('ALTER COLUMN name SET NOT NULL', ('text', 'int'), ('text NOT NULL', 'int'), 'name', {'nullable': False},
           {'not_null': {'name': True}}, "SELECT \"notnull\" FROM pragma_table_info('{}') WHERE name = 'name'"),
    Change('ALTER COLUMN name DROP NOT NULL', ('text NOT NULL', 'int'), ('text', 'int'), 'name', {'nullable': True},
           {'not_null': {'name': False}}, "SELECT NOT \"notnull\" FROM pragma_table_info('{}') WHERE name = 'name'"),
)
INDEXES = ('CREATE INDEX users_email ON users (email)', 'CREATE INDEX users_age ON users (age, name)')


def now():
    return time.perf_counter(), time.process_time()


def since(begun):
    """Seconds by the wall clock and of the processor."""
    return tuple(b - a for a, b in zip(begun, now()))


def make(path, rows, change):
    db = sqlite3.connect(path, isolation_level=None)
    db.execute('CREATE TABLE users (id INTEGER PRIMARY KEY, ' + COLUMNS.format(*change.before) + ')')
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
    db.execute('CREATE TABLE new_users (id INTEGER PRIMARY KEY, ' + COLUMNS.format(*change.after) + ')')
    db.execute('INSERT INTO new_users SELECT * FROM users')
    db.execute('DROP TABLE users')
    for sql in INDEXES:
        db.execute(sql.replace('ON users', 'ON new_users'))
    return since(begun)


def limbeck(path, change, library):
    db = sqlite3.connect(path, isolation_level=None)
    db.enable_load_extension(True)
    db.load_extension(library)
    begun = now()
    db.execute(f"SELECT migrate_exec('ALTER TABLE users {change.sql}')").fetchall()
    return since(begun)


def alembic(path, change):
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from sqlalchemy import Text, create_engine
    wanted = {key: Text() if key == 'type_' else value for key, value in change.alembic.items()}
    with create_engine(f'sqlite:///{path}').connect() as connection:
        begun = now()
        transaction = connection.begin()
        op = Operations(MigrationContext.configure(connection))
        with op.batch_alter_table('users') as batch:
            batch.alter_column(change.column, **wanted)
        transaction.commit()
        return since(begun)


def sqlite_utils(path, change):
    from sqlite_utils import Database
    db = Database(path)
    begun = now()
    db['users'].transform(**change.sqlite_utils)
    # transform() of this version leaves the indexes out.
    for sql in INDEXES:
        if sql.split()[2] not in {i.name for i in db['users'].indexes}:
            db.execute(sql)
    return since(begun)


def check(path, change, rows):
    """The change is made, no row is lost."""
    db = sqlite3.connect(path)
    table = db.execute("SELECT name FROM sqlite_master WHERE name IN ('users', 'new_users')").fetchone()[0]
    assert db.execute(change.done.format(table)).fetchone()[0]
    assert db.execute(f'SELECT count(*) FROM {table}').fetchone()[0] == rows
    assert len(db.execute(f"SELECT * FROM pragma_index_list('{table}')").fetchall()) == 2
    db.close()


def ways(library):
    """(name, function) of each that is there."""
    yield 'raw', raw
    yield 'limbeck', lambda path, change: limbeck(path, change, library)
    for name, module, way in (('Alembic', 'alembic', alembic), ('sqlite-utils', 'sqlite_utils', sqlite_utils)):
        try:
            __import__(module)
            yield name, way
        except ImportError:
            print(f'{name} is not installed: its rows are left out', file=sys.stderr)


def times(bench, change, rows):
    """By way the seconds by the clock and of the processor."""
    taken = {}
    original, path = bench.path('original.db'), bench.path('copy.db')
    make(original, rows, change)
    for _ in range(bench.rounds):
        for name, way in ways(bench.options.library):
            shutil.copyfile(original, path)
            os.sync()
            taken.setdefault(name, []).append(way(path, change))
            check(path, change, rows)
    os.remove(original)
    os.remove(path)
    return {name: [statistics.median(column) for column in zip(*runs)] for name, runs in taken.items()}


def measure(bench, rows=None):
    rows = rows or (1000000 if bench.options.full else 50000)
    bench.report.begin(f'ALTER TABLE on SQLite, {rows} rows with two indexes: by the clock; in brackets processor time')
    for change in CHANGES:
        taken = times(bench, change, rows)
        own = taken.pop('limbeck')
        for name, other in taken.items():
            by_clock, by_processor = (a / b for a, b in zip(own, other))
            limit = 1.3 if name == 'raw' else 1
            bench.report.row(f'{change.sql}, to ' + ('its parts' if name == 'raw' else name), milliseconds(other[0]),
                             milliseconds(own[0]), f'{by_clock:.2f} ({by_processor:.2f})', f'{limit:.2f}',
                             min(by_clock, by_processor) <= limit)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--rows', type=int, default=1000000)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--library', default=os.path.join(TOP, 'sqlite_ext', 'limbeck'))
    options = parser.parse_args()
    options.library = os.path.abspath(options.library)
    report = Report()
    with tempfile.TemporaryDirectory(prefix='limbeck-bench.') as work:
        measure(Bench(options, work, None, report), options.rows)
    return 1 if report.missed else 0


if __name__ == '__main__':
    sys.exit(main())
