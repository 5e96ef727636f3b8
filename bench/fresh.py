"""Issue 7, point 1: fresh to head and down to base again, against the same SQL run raw in one transaction.

Whole processes by the clock: `sqlite3 file < script` with BEGIN and COMMIT, `psql -1 -f script`; Limbeck in a
process of the same program. The two take turns, each on a fresh database. Beside that the processor time of the engine
alone, on a connection that is there: the SQL sent as one text.
"""
import os
import shutil

import histories
from common import process, processor

CALLS = "SELECT migrate_upgrade('heads')", "SELECT migrate_downgrade('base')"
WAYS = 'up', 'down'
TARGET, GROWTH = 1.10, 1.05


class Sqlite:
    name, clock = 'SQLite', 'processor time'
    rounds = {10: 41, 100: 21, 1000: 5, 5000: 5}  # a small history takes milliseconds, which vary

    def __init__(self, bench, count, directory, texts):
        self.bench, self.texts, self.scripts = bench, [f'BEGIN;\n{text}\nCOMMIT;\n' for text in texts], []
        self.stored = bench.path(f'stored{count}.db')
        bench.store_sqlite(self.stored, directory)
        for way, text in zip(WAYS, self.texts):
            self.scripts.append(bench.path(f'{way}.sql'))
            with open(self.scripts[-1], 'w') as file:
                file.write(text)

    def fresh(self, own, number):
        path = self.bench.path(f'fresh{number}-{own}.db')
        if own:
            shutil.copyfile(self.stored, path)
        return path

    def whole(self, path, own, way):
        """Seconds of a whole process."""
        os.sync()
        if own:
            return process(['sqlite3', path, f'.load {self.bench.options.library}', CALLS[way]])
        return process(['sqlite3', path], self.scripts[way])

    def engine(self, path, own, way):
        """Seconds of processor time on a connection that is there."""
        db = self.bench.sqlite(path)
        db.execute('SELECT 1 FROM sqlite_master').fetchall()
        taken = processor(lambda: db.execute(CALLS[way]).fetchall() if own else db.executescript(self.texts[way]))
        db.close()
        return taken

    def logged(self, path):
        db = self.bench.sqlite(path)
        count = db.execute('SELECT count(*) FROM migrate_log WHERE statements > 0').fetchone()[0]
        db.close()
        return count

    def give_back(self, path):
        os.remove(path)


class Postgres:
    name, clock = 'PostgreSQL', "the backend's processor time"
    rounds = {10: 15, 100: 11, 1000: 5, 5000: 5}
    made = 0

    def __init__(self, bench, count, directory, texts):
        self.server, self.texts, self.scripts = bench.server, texts, []
        self.stored = f'stored{count}'
        bench.store_postgres(self.stored, directory)
        for way, text in zip(WAYS, texts):
            self.scripts.append(os.path.join(self.server.work, f'{way}.sql'))
            with open(self.scripts[-1], 'w') as file:
                file.write(text)

    def fresh(self, own, number):
        Postgres.made += 1
        name = f'fresh{Postgres.made}'
        self.server.create(name, self.stored if own else 'template1')
        return name

    def whole(self, name, own, way):
        process(self.server.psql(name, '-c', 'SELECT 1'))
        self.server.checkpoint()
        return process(self.server.psql(name, '-c', CALLS[way]) if own else
                       self.server.psql(name, '-1', '-f', self.scripts[way]))

    def engine(self, name, own, way):
        with self.server.connect(name) as db:
            db.execute("LOAD 'limbeck'" if own else 'SELECT 1')
            return processor(lambda: db.execute(CALLS[way] if own else self.texts[way]), db)

    def logged(self, name):
        with self.server.connect(name) as db:
            db.execute('SELECT count(*) FROM migrate_log WHERE statements > 0')
            return db.fetchone()[0]

    def give_back(self, name):
        """Databases go with the server: where many files have just been deleted, ext4 takes long to make new ones."""


def take_turns(engine, clock, rounds, count):
    """Seconds up and down, each as (raw, own). All databases go up before the first goes down, because files that a
    downgrade deletes make the next ones dear."""
    databases = [(engine.fresh(own, number), own) for number in range(rounds) for own in (False, True)]
    times = ([], []), ([], [])
    for way in range(len(WAYS)):
        for database, own in databases:
            times[way][own].append(clock(database, own, way))
    for database, own in databases:
        assert not own or engine.logged(database) == 2 * count
        engine.give_back(database)
    return times


def measure_engine(bench, kind):
    whole = {}
    for count, rounds in kind.rounds.items():
        rounds = max(1, rounds * bench.rounds // 5)
        history = histories.revisions(count)
        directory = bench.directory(f'fresh{count}', history)
        scripts = histories.upward(history), histories.downward(history)
        engine = kind(bench, count, directory, scripts)
        shutil.rmtree(directory)
        for way, seconds in zip(WAYS, take_turns(engine, engine.whole, rounds, count)):
            whole[count, way] = bench.report.ratio(f'{kind.name}, {count} revisions {way}, whole process', *seconds,
                                                   target=TARGET)
        if count <= 1000 or bench.options.full:
            for way, seconds in zip(WAYS, take_turns(engine, engine.engine, rounds, count)):
                bench.report.ratio(f'{kind.name}, {count} revisions {way}, {kind.clock}', *seconds,
                                   target=None if count < 1000 else TARGET)
        engine.give_back(engine.stored)
    for way in WAYS:
        raw, own = (whole[5000, way][i] / whole[1000, way][i] for i in (0, 1))
        bench.report.row(f'{kind.name}, growth from 1000 to 5000 revisions {way}', f'x {raw:.2f}', f'x {own:.2f}',
                         f'{own / raw:.2f}', f'{GROWTH:.2f}', round(own / raw, 2) <= GROWTH)


def measure(bench):
    bench.report.begin('Fresh to head and down to base, to the same SQL in one transaction; databases as durable as they come')
    measure_engine(bench, Sqlite)
    if bench.server:
        measure_engine(bench, Postgres)
