"""Issue 7, point 5: peak memory of an upgrade of 1000 revisions, and of one body of 100 MB."""
import os
import shutil
import statistics
import subprocess
import sys

import histories

UP = "SELECT migrate_upgrade('heads')"
COUNT, MEGABYTES = 1000, 100

# A process of its own, which tells by how many KiB its peak has grown.
CHILD = r'''
import sqlite3, sys
path, library, script, call = sys.argv[1:]
db = sqlite3.connect(path, isolation_level=None)
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


def peak_sqlite(bench, path, script='', call=''):
    output = subprocess.run([sys.executable, '-c', CHILD, path, bench.options.library, script, call], check=True,
                            capture_output=True, text=True)
    return int(output.stdout) / 1024


# What resident memory is made of: the process' own, pages of programs, pages of shared buffers.
PARTS = 'RssAnon', 'RssFile', 'RssShmem'


def parts(db):
    """MiB that the connection's process has now, by kind."""
    with open(f'/proc/{db.db.info.backend_pid}/status') as file:
        status = dict(line.split(':') for line in file)
    return [int(status[part].split()[0]) / 1024 for part in PARTS]


def peak_postgres(bench, name, sql, grown=None):
    """MiB by which the peak of the connection's process grows; what its parts have grown by goes to a list."""
    with bench.server.connect(name) as db:
        before, before_parts = bench.server.peak(db), parts(db)
        db.execute(sql)
        if grown is not None:
            grown.append([now - then for now, then in zip(parts(db), before_parts)])
        return (bench.server.peak(db) - before) / 1024


def above_raw(bench, engine, raw, own):
    raw, own = statistics.median(raw), statistics.median(own)
    bench.report.row(f'{engine}, peak memory of {COUNT} revisions up, above raw', f'{raw:.1f} MiB', f'{own:.1f} MiB',
                     f'{own - raw:.1f} MiB', '8 MiB', own - raw <= 8)


def revisions_sqlite(bench, history, directory):
    stored, path, script = bench.path('stored.db'), bench.path('memory.db'), bench.path('memory.sql')
    raw, own = [], []
    with open(script, 'w') as file:
        file.write(f'BEGIN;\n{histories.upward(history)}\nCOMMIT;')
    bench.store_sqlite(stored, directory)
    for _ in range(bench.rounds):
        shutil.copyfile(stored, path)
        own.append(peak_sqlite(bench, path, call=UP))
        os.remove(path)
        raw.append(peak_sqlite(bench, path, script))
        os.remove(path)
    above_raw(bench, 'SQLite', raw, own)


def revisions_postgres(bench, history, directory):
    raw, own, raw_parts, own_parts = [], [], [], []
    bench.store_postgres('stored', directory)
    for _ in range(bench.rounds):
        for template, sql, peaks, grown in (('template1', histories.upward(history), raw, raw_parts),
                                            ('stored', UP, own, own_parts)):
            bench.server.create('memory', template)
            peaks.append(peak_postgres(bench, 'memory', sql, grown))
            bench.server.drop('memory')
    bench.server.drop('stored')
    above_raw(bench, 'PostgreSQL', raw, own)
    raw, own = ([statistics.median(column) for column in zip(*grown)] for grown in (raw_parts, own_parts))
    bench.report.row('PostgreSQL, what is left of it at the end: own memory / programs / shared buffers',
                     ' / '.join(f'{mib:.1f}' for mib in raw), ' / '.join(f'{mib:.1f}' for mib in own),
                     ' / '.join(f'{more - less:.1f}' for less, more in zip(raw, own)) + ' MiB')


def large_body():
    return ("INSERT INTO t VALUES ('" + 'x' * 999900 + "');\n") * MEGABYTES


STORE_FIRST = "SELECT migrate_load('-- migrate:up\nCREATE TABLE t (a text);', '1_t.sql')"
STORE_LARGE = "SELECT migrate_revision(NULL, {}, '', '2')"


def body_row(bench, engine, peak):
    size = len(large_body()) / 2**20
    bench.report.row(f'{engine}, a body of {MEGABYTES} MB: peak memory of its upgrade', f'{size:.0f} MiB',
                     f'{peak:.0f} MiB', f'{peak / size:.2f} x the body', '2.1 x', peak / size <= 2.1)


def body_sqlite(bench):
    path = bench.path('large.db')
    db = bench.sqlite(path)
    db.execute(STORE_FIRST).fetchall()
    db.execute(STORE_LARGE.format('?'), (large_body(),)).fetchall()
    db.close()
    body_row(bench, 'SQLite', peak_sqlite(bench, path, call=UP))
    os.remove(path)


def body_postgres(bench):
    bench.server.create('largebody')
    with bench.server.connect('largebody') as db:
        db.execute('CREATE EXTENSION limbeck')
        db.execute(STORE_FIRST)
        db.execute(STORE_LARGE.format('%s'), (large_body(),))
        db.execute("SELECT migrate_upgrade('+1')")
    body_row(bench, 'PostgreSQL', peak_postgres(bench, 'largebody', UP))
    bench.server.drop('largebody')


def measure(bench):
    bench.report.begin('Memory: growth of the peak of the process that works')
    history = histories.revisions(COUNT)
    directory = bench.directory('memory.files', history)
    revisions_sqlite(bench, history, directory)
    if bench.server:
        revisions_postgres(bench, history, directory)
    shutil.rmtree(directory)
    for engine, measured in (('SQLite', body_sqlite), ('PostgreSQL', body_postgres)):
        if engine == 'SQLite' or bench.server:
            try:
                measured(bench)
            except Exception as e:  # a refusal is a result, too
                bench.report.row(f'{engine}, a body of {MEGABYTES} MB', '', 'refused', str(e).split('\n')[0], '2.1 x',
                                 False)
