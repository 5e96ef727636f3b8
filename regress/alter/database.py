"""A connection with Limbeck loaded, and what the tests of ALTER TABLE compare of a database."""
import os
import random
import sqlite3

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIBRARY = os.environ.get('LIMBECK_LIBRARY', os.path.join(TOP, 'sqlite_ext', 'limbeck.so'))


def connect(path=':memory:'):
    """Autocommit, library loaded, foreign keys as SQLite has them (off)."""
    db = sqlite3.connect(path, isolation_level=None)
    db.enable_load_extension(True)
    db.load_extension(LIBRARY)
    return db


def make_anew(db):
    """From now on every table is made anew: an authorizer bars the way that leaves the rows where they are."""
    db.set_authorizer(lambda action, a, b, *_: sqlite3.SQLITE_DENY if (action, a) ==
                      (sqlite3.SQLITE_PRAGMA, 'schema_version') and b else sqlite3.SQLITE_OK)


def allow_all(db):
    """No authorizer is in the way any more; Python before 3.11 can't take one away."""
    db.set_authorizer(lambda *what: sqlite3.SQLITE_OK)


def execute(db, sql):
    return db.execute('SELECT migrate_exec(?)', (sql,)).fetchone()[0]


def schema(db):
    """Every object with its stored text, in an order that does not depend on when it was made."""
    rows = []
    for master in ('main.sqlite_master', 'sqlite_temp_master'):
        rows += db.execute(f'SELECT type, name, tbl_name, sql FROM {master} ORDER BY 1, 2').fetchall()
    return rows


def quote(name):
    return '"' + name.replace('"', '""') + '"'


def rows(db, table, columns=None):
    """All rows with rowid (where there is one) and storage classes."""
    if columns is None:
        columns = [r[0] for r in db.execute('SELECT name FROM pragma_table_xinfo(?)', (table,))]
    taken = {c.lower() for c in columns}
    rowid = next((n for n in ('rowid', '_rowid_', 'oid') if n not in taken), None)
    values = ', '.join(f'{quote(c)}, typeof({quote(c)})' for c in columns)
    try:
        return db.execute(f'SELECT {rowid}, {values} FROM {quote(table)} ORDER BY 1').fetchall()
    except sqlite3.OperationalError:
        return db.execute(f'SELECT {values} FROM {quote(table)} ORDER BY 1').fetchall()


def contents(db):
    """All rows of all tables, those that SQLite keeps for itself included."""
    tables = [r[0] for r in db.execute(
        "SELECT name FROM main.sqlite_master WHERE type = 'table' ORDER BY 1")]
    return {t: sorted(rows(db, t), key=repr) if t.startswith('sqlite_') else rows(db, t)
            for t in tables}


def state(db):
    return schema(db), contents(db)


def integrity(db):
    found = [r[0] for r in db.execute('PRAGMA integrity_check')]
    assert found == ['ok'], found


class Count:
    """Counts what passed, prints what failed."""

    def __init__(self):
        self.passed = self.failed = 0

    def check(self, good, *what):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print('not ok', *what, flush=True)
        return good

    def finish(self):
        print(f'{self.passed} passed, {self.failed} failed')
        raise SystemExit(1 if self.failed else 0)


def seeds(default):
    """The seeds to try: a number of them from 1 on, or one (LIMBECK_SEED)."""
    one = os.environ.get('LIMBECK_SEED')
    if one:
        return [int(one)]
    return range(1, int(os.environ.get('LIMBECK_TABLES', default)) + 1)


__all__ = ['LIBRARY', 'connect', 'make_anew', 'allow_all', 'execute', 'schema', 'rows', 'contents', 'state', 'integrity', 'quote', 'Count',
           'seeds', 'random', 'sqlite3']
