"""What the groups of benchmarks share: the table of results, the clocks, databases to measure on."""
import os
import sqlite3
import statistics
import subprocess
import time

import histories

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Report:
    """The tables, printed line by line and kept for the page of results."""

    def __init__(self):
        self.missed, self.lines = 0, []

    def say(self, text):
        print(text, flush=True)
        self.lines.append(text + '\n')

    def begin(self, title):
        self.say(f'\n## {title}\n\n| what | raw | Limbeck | ratio or value | target | |\n'
                 '|---|---:|---:|---:|---:|---|')

    def row(self, what, raw, own, value, target='', met=True):
        self.missed += not met
        verdict = '' if target == '' else 'met' if met else 'MISSED'
        self.say(f'| {what} | {raw} | {own} | {value} | {target} | {verdict} |')

    def ratio(self, what, raw, own, target=None):
        """Two lists of seconds. Returns their medians."""
        raw, own = statistics.median(raw), statistics.median(own)
        self.row(what, milliseconds(raw), milliseconds(own), f'{own / raw:.2f}',
                 '' if target is None else f'{target:.2f}', target is None or round(own / raw, 2) <= target)
        return raw, own

    def limit(self, what, seconds, target_ms):
        value = statistics.median(seconds) * 1000
        self.row(what, '', f'{value:.2f} ms', f'{value:.2f} ms', f'{target_ms} ms', value < target_ms)


def milliseconds(seconds):
    return f'{seconds * 1000:.1f} ms' if seconds < 1 else f'{seconds:.2f} s'


def medians(runs):
    """The median of each key of some dictionaries."""
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


class Bench:
    """Options, a directory for files, PostgreSQL's server (None: it is not measured) and the report."""

    def __init__(self, options, work, server, report):
        self.options, self.work, self.server, self.report = options, work, server, report
        self.rounds = options.rounds

    def path(self, name):
        return os.path.join(self.work, name)

    def sqlite(self, path, library=True):
        db = sqlite3.connect(path, isolation_level=None)
        if library:
            db.enable_load_extension(True)
            db.load_extension(self.options.library)
        return db

    def directory(self, name, history):
        """A directory with the history's files, which the server can read, too."""
        directory = os.path.join(self.server.work if self.server else self.work, name)
        os.mkdir(directory)
        os.chmod(directory, 0o755)
        histories.write_files(history, directory)
        return directory

    def store_sqlite(self, path, directory):
        """A file whose ledger holds the directory's revisions, nothing of it applied."""
        db = self.sqlite(path)
        db.execute('SELECT migrate_load_dir(?)', (directory,)).fetchall()
        db.close()

    def store_postgres(self, name, directory):
        self.server.create(name)
        with self.server.connect(name) as db:
            db.execute('CREATE EXTENSION limbeck')
            db.execute('SELECT migrate_load_dir(%s)', (directory,))
            db.execute('VACUUM ANALYZE')


class SqliteConnection:
    """A connection to SQLite that looks like the one to PostgreSQL."""

    def __init__(self, bench, path):
        self.db = bench.sqlite(path)
        self.db.execute('SELECT 1 FROM sqlite_master').fetchall()

    def __enter__(self):
        return self

    def execute(self, sql):
        self.cursor = self.db.execute(sql)

    def fetchall(self):
        return self.cursor.fetchall()

    def seconds(self):
        return time.process_time()

    def __exit__(self, *_):
        self.db.close()


def processor(work, db=None):
    """Seconds of processor time of the process that works: other processes' load doesn't count."""
    clock = db.seconds if db else time.process_time
    begun = clock()
    work()
    return clock() - begun


def process(command, script=None):
    """Seconds by the clock that a whole process takes, its standard input read from a file."""
    with open(script or os.devnull) as source:
        begun = time.perf_counter()
        done = subprocess.run(command, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        taken = time.perf_counter() - begun
    if done.returncode != 0:
        raise RuntimeError(f'{" ".join(command)[:200]} failed: {done.stderr[-500:]}')
    return taken
