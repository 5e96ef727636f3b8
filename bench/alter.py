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
disturbs less, with the ratio to raw's. The exit status is 1 when by the processor's clock Limbeck takes more
than 1.3 times as long as raw, or as long as one of the others.
"""
import argparse
import os
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
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


def limbeck(path, change):
    db = sqlite3.connect(path, isolation_level=None)
    db.enable_load_extension(True)
    db.load_extension(options.library)
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


def check(path, change):
    """The change is made, no row is lost, nothing is damaged."""
    db = sqlite3.connect(path)
    table = db.execute("SELECT name FROM sqlite_master WHERE name IN ('users', 'new_users')").fetchone()[0]
    declared, = db.execute(f"SELECT upper(type) || iif(\"notnull\", ' NOT NULL', '') FROM pragma_table_info('{table}') "
                           'WHERE name = ?', (change.column,)).fetchone()
    assert declared.replace('INTEGER', 'INT') == change.after.upper(), declared
    assert db.execute(f'SELECT count(*) FROM {table} NOT INDEXED').fetchone()[0] == options.rows
    assert len(db.execute(f"SELECT * FROM pragma_index_list('{table}')").fetchall()) == 2 + bool(change.constraint)
    kinds = db.execute(f'SELECT DISTINCT typeof(age) FROM {table}').fetchall()
    assert kinds == [('text' if change.after == 'text' else 'integer',)] or change.column != 'age', kinds
    db.close()


def available(name):
    try:
        __import__({'alembic': 'alembic', 'sqlite-utils': 'sqlite_utils'}[name])
        return True
    except ImportError:
        print(f'{name}: not installed')
        return False


def measure(name, ways, work):
    """Prints the medians. True: Limbeck is within its bounds."""
    change = CHANGES[name]
    ways = {way: f for way, f in ways.items() if way != 'sqlite-utils' or change.utils}
    taken = {way: [] for way in ways}
    original, path = os.path.join(work, 'original'), os.path.join(work, 'copy')
    make(original, options.rows, change)
    print(f'{name}: {change.action}, {options.rows} rows, '
          f'{os.path.getsize(original) / 1e6:.0f} MB, SQLite {sqlite3.sqlite_version}, median of {options.rounds}')
    for turn in range(options.rounds):
        order = list(ways)
        for way in order[turn % len(order):] + order[:turn % len(order)]:
            shutil.copyfile(original, path)
            os.sync()
            taken[way].append(ways[way](path, change))
            check(path, change)
    os.remove(original)
    median = {way: tuple(statistics.median(times) for times in zip(*taken[way])) for way in ways}
    for way, times in median.items():
        print(f'{way:14}' + ''.join(f'{t:8.2f} s{t / r:8.2f}' for t, r in zip(times, median['raw'])))
    ours = median['limbeck'][1]
    slower = [way for way in ways if way not in ('raw', 'limbeck') and ours >= median[way][1]]
    if ours > BOUND * median['raw'][1]:
        slower.append(f'{BOUND} x raw')
    if slower:
        print('limbeck is not faster than ' + ', '.join(slower))
    return not slower


def main():
    ways = {'raw': raw, 'limbeck': limbeck}
    ways.update({n: f for n, f in (('alembic', alembic), ('sqlite-utils', sqlite_utils)) if available(n)})
    with tempfile.TemporaryDirectory() as work:
        return all([measure(name, ways, work) for name in options.changes or CHANGES])


parser = argparse.ArgumentParser()
parser.add_argument('changes', nargs='*', choices=[*CHANGES, []], metavar='CHANGE')
parser.add_argument('--rows', type=int, default=1000000)
parser.add_argument('--rounds', type=int, default=5)
parser.add_argument('--library', default=os.path.join(TOP, 'sqlite_ext', 'limbeck'))
options = parser.parse_args()
sys.exit(0 if main() else 1)
