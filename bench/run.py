#!/usr/bin/python3
"""What Limbeck costs against the same SQL run raw, row by row as issue 7 asks for it.

    bench/run.py [--full] [--only WORD,...] [--rounds N] [--library FILE] [--no-install]

Raw and Limbeck take turns in one run, each on a fresh database; a row shows the medians, their ratio, the
target and whether it is met. fsync is off for both (PRAGMA synchronous = OFF, fsync = off) and processor time
of the process that works is what counts (the backend's on PostgreSQL), so that neither the disk nor the
machine's other load is compared. Whole processes of other tools are measured by the clock. The exit status is 1 when a target is missed.

PostgreSQL rows need a user who may become postgres, and install the module from pg_ext first
(--no-install: the one installed is measured). Groups for --only: up, noop, plan, load, memory, peers.
"""
import argparse
import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

import histories
import peers
from servers import Server

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHAPES = ('chain', 'wide', 'braid', 'deps')


class Report:
    """The table, printed line by line."""

    def __init__(self):
        self.missed = 0
        print('| what | raw | Limbeck | ratio or value | target | |')
        print('|---|---:|---:|---:|---:|---|', flush=True)

    def row(self, what, raw, own, value, target, met):
        self.missed += not met
        verdict = '' if target == '' else 'met' if met else 'MISSED'
        print(f'| {what} | {raw} | {own} | {value} | {target} | {verdict} |', flush=True)

    def ratio(self, what, raw, own, target):
        raw, own = statistics.median(raw), statistics.median(own)
        self.row(what, f'{raw * 1000:.1f} ms', f'{own * 1000:.1f} ms', f'{own / raw:.2f}', f'{target:.2f}',
                 own / raw <= target)

    def limit(self, what, seconds, target_ms):
        value = statistics.median(seconds) * 1000
        self.row(what, '', f'{value:.2f} ms', f'{value:.2f} ms', f'{target_ms} ms', value < target_ms)


def timed(work, db=None):
    """Seconds of processor time of the process that works: other processes' load doesn't count."""
    clock = db.seconds if db else time.process_time
    begun = clock()
    work()
    return clock() - begun


def connect(path, library=True):
    db = sqlite3.connect(path, isolation_level=None)
    db.execute('PRAGMA synchronous = OFF')
    if library:
        db.enable_load_extension(True)
        db.load_extension(options.library)
    return db


def store(execute, mark, history):
    for id, up, down in history:
        execute(f'SELECT migrate_load({mark}, {mark})',
                (f'-- migrate:up\n{up}\n-- migrate:down\n{down}\n', f'{id}_step.sql'))


def stored_sqlite(count, path):
    """A file whose ledger holds the history, nothing of it applied."""
    db = connect(path)
    db.execute('BEGIN')
    if count > 2000:
        directory = path + '.files'
        os.mkdir(directory)
        histories.write_files(histories.revisions(count), directory)
        db.execute('SELECT migrate_load_dir(?)', (directory,))
        shutil.rmtree(directory)
    else:
        store(db.execute, '?', histories.revisions(count))
    db.execute('COMMIT')
    db.close()


def stored_postgres(count, name):
    server.create(name)
    with server.connect(name) as db:
        db.execute('CREATE EXTENSION limbeck')
        if count > 2000:
            directory = os.path.join(server.work, f'files{count}')
            os.mkdir(directory)
            histories.write_files(histories.revisions(count), directory)
            os.chmod(directory, 0o755)
            db.execute('SELECT migrate_load_dir(%s)', (directory,))
        else:
            db.execute('BEGIN')
            store(db.execute, '%s', histories.revisions(count))
            db.execute('COMMIT')
        db.execute('VACUUM ANALYZE')


# --- fresh to head and back ---------------------------------------------------------------------------------

def up_sqlite(count, rounds):
    history = histories.revisions(count)
    scripts = [f'BEGIN;\n{sql}\nCOMMIT;' for sql in (histories.upward(history), histories.downward(history))]
    original, path = os.path.join(work, f'stored{count}'), os.path.join(work, 'database')
    stored_sqlite(count, original)
    raw, own = ([], []), ([], [])
    for _ in range(rounds):
        if os.path.exists(path):
            os.remove(path)
        db = connect(path)
        for times, script in zip(raw, scripts):
            times.append(timed(lambda: db.executescript(script)))
        db.close()
        shutil.copyfile(original, path)
        db = connect(path)
        db.execute('SELECT * FROM migrate_version').fetchall()
        own[0].append(timed(lambda: db.execute("SELECT migrate_upgrade('heads')").fetchall()))
        own[1].append(timed(lambda: db.execute("SELECT migrate_downgrade('base')").fetchall()))
        assert db.execute('SELECT count(*) FROM migrate_log WHERE statements > 0').fetchone()[0] == 2 * count
        db.close()
    report.ratio(f'SQLite, {count} revisions up', raw[0], own[0], 1.1)
    report.ratio(f'SQLite, {count} revisions down', raw[1], own[1], 1.1)


def up_postgres(count, rounds):
    history = histories.revisions(count)
    scripts = histories.upward(history), histories.downward(history)
    stored_postgres(count, f'stored{count}')
    raw, own = ([], []), ([], [])
    for i in range(rounds):
        server.create('raw')
        with server.connect('raw') as db:
            for times, script in zip(raw, scripts):
                times.append(timed(lambda: db.execute(script), db))
        server.create('own', template=f'stored{count}')
        with server.connect('own') as db:
            own[0].append(timed(lambda: db.execute("SELECT migrate_upgrade('heads')"), db))
            own[1].append(timed(lambda: db.execute("SELECT migrate_downgrade('base')"), db))
            db.execute('SELECT count(*) FROM migrate_log WHERE statements > 0')
            assert db.fetchone()[0] == 2 * count
        server.drop('raw')
        server.drop('own')
    server.drop(f'stored{count}')
    report.ratio(f'PostgreSQL, {count} revisions up', raw[0], own[0], 1.1)
    report.ratio(f'PostgreSQL, {count} revisions down', raw[1], own[1], 1.1)


def measure_up():
    for count in (10, 100, 1000) + ((5000,) if options.full else ()):
        rounds = options.rounds * (4 if count <= 100 else 1)
        up_sqlite(count, rounds)
        if server:
            up_postgres(count, rounds)


# --- nothing to do ------------------------------------------------------------------------------------------

CALLS = ("SELECT migrate_upgrade('heads')", 'SELECT * FROM migrate_current()', 'SELECT * FROM migrate_status()')


def noop(engine, open_connection, rounds):
    for call in CALLS:
        first, later = [], []
        for _ in range(rounds):
            with open_connection() as db:
                first.append(timed(lambda: db.execute(call) and db.fetchall(), db))
                later += [timed(lambda: db.execute(call) and db.fetchall(), db) for _ in range(9)]
        name = call.replace('SELECT ', '').replace('* FROM ', '').replace("'heads'", '')
        report.limit(f'{engine}, {name} at head of 10000, first call of a connection', first, 10)
        report.limit(f'{engine}, {name} at head of 10000, later calls', later, 1)


class Cursor:
    """A connection to SQLite that looks like the one to PostgreSQL."""

    def __init__(self, path):
        self.db = connect(path)
        self.db.execute('SELECT 1 FROM sqlite_master').fetchall()

    def __enter__(self):
        return self

    def execute(self, sql):
        self.cursor = self.db.execute(sql)
        return True

    def fetchall(self):
        return self.cursor.fetchall()

    @staticmethod
    def seconds():
        return time.process_time()

    def __exit__(self, *_):
        self.db.close()


def plain_history(count):
    """Revisions that leave no objects behind, so that a head of many is reached soon."""
    return [(f'{i:05d}', 'SELECT 1;', 'SELECT 2;') for i in range(count)]


def measure_noop():
    count, path = 10000, os.path.join(work, 'noop')
    directory = os.path.join(server.work if server else work, 'noop.files')
    os.mkdir(directory)
    os.chmod(directory, 0o755)
    histories.write_files(plain_history(count), directory)
    db = connect(path)
    db.execute('SELECT migrate_load_dir(?)', (directory,))
    db.execute("SELECT migrate_stamp('heads')")
    db.close()
    noop('SQLite', lambda: Cursor(path), options.rounds * 2)
    if server:
        server.create('noop')
        with server.connect('noop') as db:
            db.execute('CREATE EXTENSION limbeck')
            db.execute('SELECT migrate_load_dir(%s)', (directory,))
            db.execute("SELECT migrate_stamp('heads')")
            db.execute('VACUUM ANALYZE')
        noop('PostgreSQL', lambda: server.connect('noop'), options.rounds * 2)
        server.drop('noop')


# --- planning in core ---------------------------------------------------------------------------------------

def measure_plan():
    program = os.path.join(work, 'plan')
    sources = [os.path.join(TOP, 'core', f) for f in os.listdir(os.path.join(TOP, 'core')) if f.endswith('.c')]
    subprocess.run(['gcc', '-O2', '-std=c11', '-D_POSIX_C_SOURCE=200809L', '-I', f'{TOP}/core', '-o', program,
                    f'{TOP}/bench/plan.c'] + sources, check=True)
    for count in (50000, 1000000):
        for shape in SHAPES:
            runs = []
            for _ in range(options.rounds if count < 1000000 else 1 if not options.full else options.rounds):
                output = subprocess.run([program, shape, str(count)], check=True, capture_output=True, text=True)
                runs.append([float(word) for word in output.stdout.split()])
            built, planned, listed, drawn, memory = (statistics.median(column) for column in zip(*runs))
            most = max(planned, listed, drawn)
            text = f'{planned:.3f} / {listed:.3f} / {drawn:.3f} s, graph {built:.3f} s'
            if count == 50000:
                report.row(f'plan / history / tree of {count}, {shape}', '', text, f'{most:.3f} s', '0.1 s',
                           most <= 0.1)
            else:
                report.row(f'plan / history / tree of {count}, {shape}', '', text,
                           f'{most:.2f} s, {memory:.0f} MiB', '3 s, 1024 MiB', most < 3 and memory < 1024)


# --- loading a directory ------------------------------------------------------------------------------------

def load_sqlite(directory, rounds):
    tables = ('migrate_revision', 'migrate_edge', 'migrate_log')
    raw, own = [], []
    for _ in range(rounds):
        path = os.path.join(work, 'load')
        for name in (path, path + '.raw'):
            if os.path.exists(name):
                os.remove(name)
        db = connect(path)
        db.execute('SELECT count(*) FROM migrate_status()').fetchall()
        own.append(timed(lambda: db.execute('SELECT migrate_load_dir(?)', (directory,)).fetchall()))
        rows = {t: db.execute(f'SELECT * FROM {t} ORDER BY rowid').fetchall() for t in tables}
        schema = [sql for (sql,) in db.execute('SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid')]
        db.close()
        db = connect(path + '.raw')
        raw.append(timed(lambda: insert_sqlite(db, schema, rows)))
        db.close()
    report.ratio('SQLite, migrate_load_dir() of 10000 files, to inserting the rows', raw, own, 2)


def insert_sqlite(db, schema, rows):
    db.execute('BEGIN')
    for sql in schema:
        db.execute(sql)
    # in the order in which a load writes them: revision by revision
    for revision, log in zip(rows['migrate_revision'], rows['migrate_log']):
        db.execute(f"INSERT INTO migrate_revision VALUES ({', '.join('?' * len(revision))})", revision)
        db.execute(f"INSERT INTO migrate_log VALUES ({', '.join('?' * len(log))})", log)
    db.executemany('INSERT INTO migrate_edge VALUES (?, ?, ?, ?)', rows['migrate_edge'])
    db.execute('COMMIT')


def load_postgres(directory, rounds):
    raw, own = [], []
    for _ in range(rounds):
        server.create('load')
        with server.connect('load') as db:
            db.execute('CREATE EXTENSION limbeck')
            own.append(timed(lambda: db.execute('SELECT migrate_load_dir(%s)', (directory,)), db))
            rows = {}
            for table in ('migrate_revision', 'migrate_edge', 'migrate_log'):
                db.execute(f'SELECT * FROM {table}')
                rows[table] = db.fetchall()
            db.execute('TRUNCATE migrate_revision, migrate_edge, migrate_log')
            db.execute("DO 'BEGIN END'")
            raw.append(timed(lambda: insert_postgres(db, rows), db))
        server.drop('load')
    report.ratio('PostgreSQL, migrate_load_dir() of 10000 files, to inserting the rows', raw, own, 2)


def insert_postgres(db, rows):
    """Row by row on the server, as a load has to: prepared statements in one batch."""
    db.execute('BEGIN')
    script = []
    for table, values in rows.items():
        marks = ', '.join(['%s'] * len(values[0]))
        parameters = ', '.join(f'${i + 1}' for i in range(len(values[0])))
        script.append(f'PREPARE {table} AS INSERT INTO {table} VALUES ({parameters})')
        script += [db.mogrify(f'EXECUTE {table}({marks})', row).decode() for row in values]
    for at in range(0, len(script), 1000):
        db.execute(';'.join(script[at:at + 1000]))
    db.execute('COMMIT')
    db.execute('DEALLOCATE ALL')


def measure_load():
    directory = os.path.join(server.work if server else work, 'load.files')
    os.mkdir(directory)
    os.chmod(directory, 0o755)
    histories.write_files(histories.revisions(10000), directory)
    load_sqlite(directory, options.rounds)
    if server:
        load_postgres(directory, options.rounds)


# --- memory -------------------------------------------------------------------------------------------------

CHILD = r'''
import sqlite3, sys
path, library, script, call = sys.argv[1:]
db = sqlite3.connect(path, isolation_level=None)
db.execute('PRAGMA synchronous = OFF')
db.enable_load_extension(True)
db.load_extension(library)
def peak():
    return int(next(l for l in open('/proc/self/status') if l.startswith('VmHWM')).split()[1])
text = open(script).read() if script else None
before = peak()
if text:
    db.executescript(text)
else:
    db.execute(call).fetchall()
print(peak() - before)
'''


def peak_of(path, script='', call=''):
    output = subprocess.run([sys.executable, '-c', CHILD, path, options.library, script, call], check=True,
                            capture_output=True, text=True)
    return int(output.stdout) / 1024


def memory_sqlite():
    path, script, history = os.path.join(work, 'memory'), os.path.join(work, 'script'), histories.revisions(1000)
    with open(script, 'w') as file:
        file.write(f'BEGIN;\n{histories.upward(history)}\nCOMMIT;')
    raw = peak_of(path + '.raw', script)
    stored_sqlite(1000, path)
    own = peak_of(path, call="SELECT migrate_upgrade('heads')")
    report.row('SQLite, peak memory of 1000 revisions, above raw', f'{raw:.1f} MiB', f'{own:.1f} MiB',
               f'{own - raw:.1f} MiB', '8 MiB', own - raw <= 8)


def memory_postgres():
    history = histories.revisions(1000)
    peaks = []
    stored_postgres(1000, 'memory')
    for name, call in (('rawmemory', histories.upward(history)), ('memory', "SELECT migrate_upgrade('heads')")):
        if name == 'rawmemory':
            server.create(name)
        with server.connect(name) as db:
            before = server.peak(db)
            db.execute(call)
            peaks.append((server.peak(db) - before) / 1024)
        server.drop(name)
    raw, own = peaks
    report.row('PostgreSQL, peak memory of 1000 revisions, above raw', f'{raw:.1f} MiB', f'{own:.1f} MiB',
               f'{own - raw:.1f} MiB', '8 MiB', own - raw <= 8)


def large_body(path, megabytes):
    """What a body of that size takes: stored by SQL, then run."""
    db = connect(path)
    db.execute("SELECT migrate_load('-- migrate:up\nCREATE TABLE t (a);', '1_t.sql')")
    body = "INSERT INTO t VALUES ('" + 'x' * 999900 + "');\n"
    db.execute("SELECT migrate_revision(NULL, ?, '', '2')", (body * megabytes,))
    db.close()
    size = megabytes * 1e6 / 2**20
    own = peak_of(path, call="SELECT migrate_upgrade('heads')")
    report.row(f'SQLite, a body of {megabytes} MB: peak memory', f'{size:.0f} MiB', f'{own:.0f} MiB',
               f'{own / size:.2f} x the body', '2 x', own / size <= 2.1)


def measure_memory():
    memory_sqlite()
    if server:
        memory_postgres()
    for megabytes in (50, 100):
        try:
            large_body(os.path.join(work, f'large{megabytes}'), megabytes)
        except sqlite3.DatabaseError as e:
            report.row(f'SQLite, a body of {megabytes} MB', '', 'refused', str(e).split('\n')[0], '2 x', False)


# --- other tools --------------------------------------------------------------------------------------------

def measure_peers():
    for count in (100, 1000) if options.full else (100,):
        for tool, engine, raw, own in peers.measure(work, server, options.library, histories.revisions(count),
                                                     options.rounds if options.full else 3):
            raw, own = statistics.median(raw), statistics.median(own)
            report.row(f'{engine}, {count} revisions up, {tool}, whole process', f'{raw * 1000:.0f} ms',
                       f'{own * 1000:.0f} ms', f'{own / raw:.2f}', '', True)


GROUPS = {'plan': measure_plan, 'noop': measure_noop, 'up': measure_up, 'load': measure_load,
          'memory': measure_memory, 'peers': measure_peers}

parser = argparse.ArgumentParser()
parser.add_argument('--full', action='store_true')
parser.add_argument('--rounds', type=int, default=5)
parser.add_argument('--only', default=','.join(GROUPS))
parser.add_argument('--library', default=os.path.join(TOP, 'sqlite_ext', 'limbeck'))
parser.add_argument('--no-install', action='store_true')
parser.add_argument('--no-postgres', action='store_true')
options = parser.parse_args()
options.library = os.path.abspath(options.library)
with tempfile.TemporaryDirectory(prefix='limbeck-bench.') as work:
    server = None if options.no_postgres else Server.start(TOP, not options.no_install)
    try:
        print(f'{time.strftime("%Y-%m-%d", time.gmtime())}, {platform.machine()}, {os.cpu_count()} processors, '
              f'load {os.getloadavg()[0]:.1f}, SQLite {sqlite3.sqlite_version}, '
              f'PostgreSQL {server.version if server else "not measured"}'
              + ''.join(f', {name}' for name in peers.versions()) + '\n')
        report = Report()
        for group in options.only.split(','):
            GROUPS[group]()
    finally:
        if server:
            server.stop()
sys.exit(1 if report.missed else 0)
