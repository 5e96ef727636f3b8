#!/usr/bin/python3
"""What ALTER TABLE costs on a table of a million rows with two indexes.

    bench/alter.py [--rows N] [--rounds N] [--library FILE] [CHANGE ...]

The changes:

    set       SET NOT NULL: the rows are looked at and stay
    drop      DROP NOT NULL: nothing has to be looked at
    type      TYPE text of an int: the column is written anew, one of the indexes is made again
    using     TYPE int of a real, USING an expression: the rows are copied, one of the indexes is made again
    unique    ADD UNIQUE: the rows are copied (sqlite-utils can't)

In the same run, on copies of one file, in turns:

    raw           the parts of a rebuild as plain SQL: INSERT ... SELECT, the DROP, the two CREATE INDEXes
    limbeck       SELECT migrate_exec('ALTER TABLE ...')
    alembic       op.batch_alter_table() of Debian's python3-alembic, if it is there
    sqlite-utils  Table.transform() of Debian's sqlite-utils, if it is there

Each has the median of its times by the wall clock and by that of the processor, which other work on the machine
disturbs less. The exit status is 1 when by the processor's clock Limbeck takes more than 1.3 times as long as
raw, or as long as one of the others. bench/run.py has the same rows, of a smaller table unless --full is given.
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

INDEXES = ('CREATE INDEX users_email ON users (email)', 'CREATE INDEX users_age ON users (age, name)')
BOUND = 1.3


class Change:
    """One change in the words of each: a column's definition before and after, and how it is asked for."""

    def __init__(self, column, before, after, action, alembic, utils, constraint=''):
        self.column, self.before, self.after = column, before, after
        self.action, self.alembic, self.utils, self.constraint = action, alembic, utils, constraint

    def columns(self, changed):
        types = {'name': 'text', 'email': 'text', 'age': 'int', 'note': 'text', 'created': 'text'}
        types[self.column] = self.after if changed else self.before
        return 'id INTEGER PRIMARY KEY, ' + ', '.join(' '.join(pair) for pair in types.items()) + \
            (self.constraint if changed else '')


def to_type(name):
    """What Alembic calls with a type of SQLAlchemy's."""
    def ask(batch):
        import sqlalchemy
        batch.alter_column('age', type_=getattr(sqlalchemy, name)())
    return ask


CHANGES = {
    'set': Change('name', 'text', 'text NOT NULL', 'ALTER name SET NOT NULL',
                  lambda batch: batch.alter_column('name', nullable=False), {'not_null': {'name': True}}),
    'drop': Change('name', 'text NOT NULL', 'text', 'ALTER name DROP NOT NULL',
                   lambda batch: batch.alter_column('name', nullable=True), {'not_null': {'name': False}}),
    'type': Change('age', 'int', 'text', 'ALTER age TYPE text', to_type('Text'), {'types': {'age': str}}),
    'using': Change('age', 'real', 'int', 'ALTER age TYPE int USING CAST(age AS int)', to_type('Integer'),
                    {'types': {'age': int}}),
    'unique': Change('name', 'text', 'text', 'ADD CONSTRAINT one UNIQUE (id, name)',
                     lambda batch: batch.create_unique_constraint('one', ['id', 'name']), None,
                     ', CONSTRAINT one UNIQUE (id, name)'),
}


def now():
    return time.perf_counter(), time.process_time()


def since(begun):
    """Seconds by the wall clock and of the processor."""
    return tuple(b - a for a, b in zip(begun, now()))


def make(path, rows, change):
    db = sqlite3.connect(path, isolation_level=None)
    db.execute(f'CREATE TABLE users ({change.columns(False)})')
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
    db.execute(f'CREATE TABLE new_users ({change.columns(True)})')
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
    db.execute(f"SELECT migrate_exec('ALTER TABLE users {change.action}')").fetchall()
    return since(begun)


def alembic(path, change):
    import sqlalchemy
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    with sqlalchemy.create_engine(f'sqlite:///{path}').connect() as connection:
        begun = now()
        transaction = connection.begin()
        op = Operations(MigrationContext.configure(connection))
        with op.batch_alter_table('users') as batch:
            change.alembic(batch)
        transaction.commit()
        return since(begun)


def sqlite_utils(path, change):
    from sqlite_utils import Database
    db = Database(path)
    begun = now()
    db['users'].transform(**change.utils)
    # transform() of this version leaves the indexes out.
    for sql in INDEXES:
        if sql.split()[2] not in {i.name for i in db['users'].indexes}:
            db.execute(sql)
    return since(begun)


def check(path, change, rows):
    """The change is made, no row is lost, nothing is damaged."""
    db = sqlite3.connect(path)
    table = db.execute("SELECT name FROM sqlite_master WHERE name IN ('users', 'new_users')").fetchone()[0]
    declared, = db.execute(f"SELECT upper(type) || iif(\"notnull\", ' NOT NULL', '') FROM pragma_table_info('{table}') "
                           'WHERE name = ?', (change.column,)).fetchone()
    assert declared.replace('INTEGER', 'INT') == change.after.upper(), declared
    assert db.execute(f'SELECT count(*) FROM {table} NOT INDEXED').fetchone()[0] == rows
    assert len(db.execute(f"SELECT * FROM pragma_index_list('{table}')").fetchall()) == 2 + bool(change.constraint)
    kinds = db.execute(f'SELECT DISTINCT typeof(age) FROM {table}').fetchall()
    assert kinds == [('text' if change.after == 'text' else 'integer',)] or change.column != 'age', kinds
    db.close()


def ways(change, library):
    """The function of each that can make the change and is there, by name."""
    found = {'raw': raw, 'limbeck': lambda path, change: limbeck(path, change, library)}
    for name, module, way in (('Alembic', 'alembic', alembic), ('sqlite-utils', 'sqlite_utils', sqlite_utils)):
        try:
            __import__(module)
            if name == 'Alembic' or change.utils:
                found[name] = way
        except ImportError:
            print(f'{name} is not installed: its rows are left out', file=sys.stderr)
    return found


def medians(bench, change, rows):
    """By name the seconds by the clock and of the processor."""
    original, path, found = bench.path('original.db'), bench.path('copy.db'), ways(change, bench.options.library)
    taken = {name: [] for name in found}
    make(original, rows, change)
    for turn in range(bench.rounds):
        order = list(found)
        for name in order[turn % len(order):] + order[:turn % len(order)]:
            shutil.copyfile(original, path)
            os.sync()
            taken[name].append(found[name](path, change))
            check(path, change, rows)
    os.remove(original)
    os.remove(path)
    return {name: [statistics.median(times) for times in zip(*runs)] for name, runs in taken.items()}


def measure(bench, rows=None, changes=None):
    rows = rows or (1000000 if bench.options.full else 50000)
    bench.report.begin(f'ALTER TABLE on SQLite, {rows} rows with two indexes: by the clock; processor time in brackets '
                       'counts')
    for change in changes or CHANGES.values():
        taken = medians(bench, change, rows)
        own = taken.pop('limbeck')
        for name, other in taken.items():
            by_clock, by_processor = (a / b for a, b in zip(own, other))
            bound = BOUND if name == 'raw' else 1
            bench.report.row(f'{change.action}, to ' + ('the parts of a rebuild' if name == 'raw' else name),
                             milliseconds(other[0]), milliseconds(own[0]), f'{by_clock:.2f} ({by_processor:.2f})',
                             f'{bound:.2f}', by_processor <= bound)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('changes', nargs='*', choices=[*CHANGES, []], metavar='CHANGE')
    parser.add_argument('--rows', type=int, default=1000000)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--library', default=os.path.join(TOP, 'sqlite_ext', 'limbeck'))
    options = parser.parse_args()
    options.library = os.path.abspath(options.library)
    report = Report()
    with tempfile.TemporaryDirectory(prefix='limbeck-bench.') as work:
        measure(Bench(options, work, None, report), options.rows, [CHANGES[name] for name in options.changes])
    return 1 if report.missed else 0


if __name__ == '__main__':
    sys.exit(main())
