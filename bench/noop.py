"""Issue 7, point 2: nothing to do at head; and that no body is read for it."""
import base64
import os
import random
import re
import shutil
import subprocess
import time

from common import SqliteConnection, processor

CALLS = ("SELECT migrate_upgrade('heads')", 'SELECT * FROM migrate_current()', 'SELECT * FROM migrate_status()')
COUNT, BODY = 10000, 100000


def plain_history(count, size=0):
    """Revisions that leave no objects behind, so that a head of many is reached soon; with comments of so many
    bytes, which can't be compressed."""
    noise = base64.b64encode(random.Random(7).randbytes(size + count)).decode()
    return [(f'{i:05d}', f'SELECT 1; -- {noise[i:i + size]}', 'SELECT 2;') for i in range(count)]


def at_head(bench, name, history):
    """The history at its head on both engines. Returns SQLite's file; PostgreSQL's database has the name."""
    directory = bench.directory(name + '.files', history)
    file = bench.path(name + '.db')
    bench.store_sqlite(file, directory)
    db = bench.sqlite(file)
    db.execute("SELECT migrate_stamp('heads')").fetchall()
    db.close()
    if bench.server:
        bench.store_postgres(name, directory)
        with bench.server.connect(name) as db:
            db.execute("SELECT migrate_stamp('heads')")
            db.execute('VACUUM ANALYZE')
    shutil.rmtree(directory)
    return file


def shown(call):
    return call.replace('SELECT ', '').replace('* FROM ', '').replace("'heads'", '')


def ask(db, call):
    db.execute(call)
    return db.fetchall()


def calls(bench, engine, connect):
    for call in CALLS:
        first, later = [], []
        for _ in range(bench.rounds * 2):
            with connect() as db:
                first.append(processor(lambda: ask(db, call), db))
                later += [processor(lambda: ask(db, call), db) for _ in range(9)]
        bench.report.limit(f'{engine}, {shown(call)} at head of {COUNT}, first call of a connection', first, 10)
        bench.report.limit(f'{engine}, {shown(call)} at head of {COUNT}, later calls', later, 1)


# --- with large bodies -------------------------------------------------------------------------------------

def pages_read(bench, file, call):
    """Pages that a fresh sqlite3 takes from the file."""
    output = subprocess.run(['sqlite3', file, f'.load {bench.options.library}', '.stats on', call], check=True,
                            capture_output=True, text=True).stdout
    return int(re.search(r'Page cache misses:\s+(\d+)', output).group(1))


def bodies_sqlite(bench, small, large, count):
    pages = [[pages_read(bench, file, call) for file in (small, large)] for call in CALLS]
    times = [[], []]
    for _ in range(bench.rounds * 2):
        for file, taken in zip((small, large), times):
            with SqliteConnection(bench, file) as db:
                taken.append(processor(lambda: [ask(db, call) for call in CALLS]))
    # a b-tree over larger rows has a few more inner pages; a body of this size alone has 24
    more = max(b - a for a, b in pages)
    bench.report.row(f'SQLite, pages read at head of {count} by each of the three, bodies of 13 bytes and of 100 kB',
                     ' / '.join(str(a) for a, b in pages), ' / '.join(str(b) for a, b in pages), f'{more} more',
                     'less than a body', more < BODY // 4096)
    bench.report.ratio(f'SQLite, the first three calls at head of {count}, bodies of 13 bytes and of 100 kB', *times,
                       target=1.1)


def toast_blocks(bench, name):
    with bench.server.connect(name) as db:
        db.execute('SELECT toast_blks_read + toast_blks_hit FROM pg_statio_user_tables '
                   "WHERE relname = 'migrate_revision'")
        return db.fetchone()[0]


def bodies_postgres(bench, small, large, count):
    # pages that were loaded one by one between those of large bodies are scattered in shared memory: a fault each
    bench.server.restart()
    for name in (small, large):
        with bench.server.connect(name) as db:
            for call in CALLS:
                ask(db, call)
    before = toast_blocks(bench, large)
    times = [[], []]
    for _ in range(bench.rounds * 2):
        for name, taken in zip((small, large), times):
            with bench.server.connect(name) as db:
                taken.append(processor(lambda: [ask(db, call) for call in CALLS], db))
    time.sleep(2)  # until the statistics are told
    read = toast_blocks(bench, large) - before
    bench.report.row(f'PostgreSQL, TOAST blocks read by all three at head of {count}, bodies of 100 kB', '', str(read),
                     str(read), '0', read == 0)
    bench.report.ratio(f'PostgreSQL, the first three calls at head of {count}, bodies of 13 bytes and of 100 kB', *times,
                       target=1.1)


def measure(bench):
    bench.report.begin('Nothing to do: processor time of the call on a connection that is there')
    file = at_head(bench, 'noop', plain_history(COUNT))
    calls(bench, 'SQLite', lambda: SqliteConnection(bench, file))
    os.remove(file)
    if bench.server:
        calls(bench, 'PostgreSQL', lambda: bench.server.connect('noop'))
        bench.server.drop('noop')
    count = 1000
    small = at_head(bench, 'small', plain_history(count))
    large = at_head(bench, 'large', plain_history(count, BODY))
    bodies_sqlite(bench, small, large, count)
    if bench.server:
        bodies_postgres(bench, 'small', 'large', count)
        for name in ('small', 'large'):
            bench.server.drop(name)
    for file in (small, large):
        os.remove(file)
