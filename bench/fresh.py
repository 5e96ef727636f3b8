"""Issue 7, point 1: fresh to head and down to base again, against the same SQL run raw in one transaction.

Whole processes by the clock: `sqlite3 file < script` with BEGIN and COMMIT, `psql -1 -f script`; Limbeck in a
process of the same program. The two take turns, each on a fresh database. Beside that the processor time of the engine
alone, on a connection that is there: the SQL sent as one text.
"""
import os
import shutil

import histories
from common import process, processor

UP, DOWN = "SELECT migrate_upgrade('heads')", "SELECT migrate_downgrade('base')"
TARGET, GROWTH = 1.10, 1.05


class Sqlite:
    name, clock = 'SQLite', 'processor time'

    def __init__(self, bench, count, directory, scripts):
        self.bench, self.scripts = bench, []
        self.stored, self.file = bench.path(f'stored{count}.db'), bench.path('fresh.db')
        bench.store_sqlite(self.stored, directory)
        for i, script in enumerate(scripts):
            self.scripts.append(bench.path(f'script{i}.sql'))
            with open(self.scripts[i], 'w') as file:
                file.write(f'BEGIN;\n{script}\nCOMMIT;\n')

    def fresh(self, own):
        if os.path.exists(self.file):
            os.remove(self.file)
        if own:
            shutil.copyfile(self.stored, self.file)

    def whole(self, own):
        """Seconds up and down of whole processes."""
        self.fresh(own)
        times = []
        for script, call in zip(self.scripts, (UP, DOWN)):
            os.sync()
            times.append(process(['sqlite3', self.file, f'.load {self.bench.options.library}', call]) if own else
                         process(['sqlite3', self.file], script))
        return times

    def engine(self, own):
        self.fresh(own)
        db = self.bench.sqlite(self.file)
        db.execute('SELECT 1 FROM sqlite_master').fetchall()
        times = []
        for script, call in zip(self.scripts, (UP, DOWN)):
            with open(script) as file:
                text = file.read()
            times.append(processor(lambda: db.execute(call).fetchall() if own else db.executescript(text)))
        db.close()
        return times

    def logged(self):
        db = self.bench.sqlite(self.file)
        count = db.execute('SELECT count(*) FROM migrate_log WHERE statements > 0').fetchone()[0]
        db.close()
        return count

    def end(self):
        os.remove(self.stored)


class Postgres:
    name, clock = 'PostgreSQL', "the backend's processor time"

    def __init__(self, bench, count, directory, scripts):
        self.bench, self.server, self.texts, self.scripts = bench, bench.server, scripts, []
        self.stored = f'stored{count}'
        bench.store_postgres(self.stored, directory)
        for i, script in enumerate(scripts):
            self.scripts.append(os.path.join(self.server.work, f'script{i}.sql'))
            with open(self.scripts[i], 'w') as file:
                file.write(script)

    def fresh(self, own):
        self.server.create('fresh', self.stored if own else 'template1')

    def whole(self, own):
        self.fresh(own)
        times = []
        process(self.server.psql('fresh', '-c', 'SELECT 1'))
        for script, call in zip(self.scripts, (UP, DOWN)):
            self.server.checkpoint()
            times.append(process(self.server.psql('fresh', '-c', call) if own else
                                 self.server.psql('fresh', '-1', '-f', script)))
        self.check_and_drop(own)
        return times

    def engine(self, own):
        self.fresh(own)
        with self.server.connect('fresh') as db:
            times = [processor(lambda: db.execute(call if own else text), db)
                     for text, call in zip(self.texts, (UP, DOWN))]
        self.check_and_drop(own)
        return times

    def check_and_drop(self, own):
        if own:
            with self.server.connect('fresh') as db:
                db.execute('SELECT count(*) FROM migrate_log WHERE statements > 0')
                self.count = db.fetchone()[0]
        self.server.drop('fresh')

    def logged(self):
        return self.count

    def end(self):
        self.server.drop(self.stored)


def take_turns(way, rounds, count, logged):
    """Seconds up and down, each as (raw, own)."""
    up, down = ([], []), ([], [])
    for _ in range(rounds):
        for own in (False, True):
            times = way(own)
            up[own].append(times[0])
            down[own].append(times[1])
        assert logged() == 2 * count
    return up, down


def measure_engine(bench, kind):
    whole = {}
    for count, rounds in ((10, 21), (100, 21), (1000, 7), (5000, 5)):
        rounds = max(1, rounds * bench.rounds // 5)
        history = histories.revisions(count)
        directory = bench.directory(f'fresh{count}', history)
        scripts = histories.upward(history), histories.downward(history)
        engine = kind(bench, count, directory, scripts)
        shutil.rmtree(directory)
        for way, seconds in zip(('up', 'down'), take_turns(engine.whole, rounds, count, engine.logged)):
            whole[count, way] = bench.report.ratio(f'{kind.name}, {count} revisions {way}, whole process', *seconds,
                                                   target=TARGET)
        if count <= 1000 or bench.options.full:
            for way, seconds in zip(('up', 'down'), take_turns(engine.engine, rounds, count, engine.logged)):
                bench.report.ratio(f'{kind.name}, {count} revisions {way}, {kind.clock}', *seconds,
                                   target=None if count < 1000 else TARGET)
        engine.end()
    for way in ('up', 'down'):
        raw, own = (whole[5000, way][i] / whole[1000, way][i] for i in (0, 1))
        bench.report.row(f'{kind.name}, growth from 1000 to 5000 revisions {way}', f'x {raw:.2f}', f'x {own:.2f}',
                         f'{own / raw:.2f}', f'{GROWTH:.2f}', round(own / raw, 2) <= GROWTH)


def measure(bench):
    bench.report.begin('Fresh to head and down to base, to the same SQL in one transaction; databases as durable as they come')
    measure_engine(bench, Sqlite)
    if bench.server:
        measure_engine(bench, Postgres)
