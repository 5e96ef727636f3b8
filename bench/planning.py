"""Issue 7, point 3: planning, the history and the tree in core; one step from the middle of a long chain."""
import os
import subprocess

from common import TOP, SqliteConnection, medians, processor
from noop import plain_history

SHAPES = ('chain', 'wide', 'braid', 'deps')
ISSUE, MOST, MIDDLE = 50000, 1000000, 50000


class Planner:
    """bench/plan.c, compiled as the libraries are."""

    def __init__(self, bench, top):
        self.program = bench.path('plan')
        core = os.path.join(top, 'core')
        sources = [os.path.join(core, f) for f in sorted(os.listdir(core)) if f.endswith('.c')]
        subprocess.run(['gcc', '-O2', '-std=c11', '-D_POSIX_C_SOURCE=200809L', '-I', core, '-o', self.program,
                        os.path.join(top, 'bench', 'plan.c')] + sources, check=True)

    def shapes(self):
        """(name, what it is) of each."""
        output = subprocess.run([self.program], check=True, capture_output=True, text=True).stdout
        return [line.split(': ') for line in output.splitlines()]

    def ask(self, rounds, shape, count, *questions):
        """The median seconds of each question, and the MiB."""
        runs = []
        for _ in range(rounds):
            output = subprocess.run([self.program, shape, str(count), *questions], check=True, capture_output=True,
                                    text=True).stdout
            runs.append({name: float(value) for name, value in (line.split() for line in output.splitlines())})
        return medians(runs)


def issue_rows(bench, planner):
    asked = 'upgrade', 'history', 'text'
    for shape in SHAPES:
        small = planner.ask(bench.rounds, shape, ISSUE, *asked)
        large = planner.ask(bench.rounds, shape, MOST, *asked)
        for count, found, limit in ((ISSUE, small, 0.1), (MOST, large, 3)):
            most = max(found[name] for name in asked)
            bench.report.row(f'plan / history / tree of {count}, {shape}', '',
                             ' / '.join(f'{found[name]:.3f}' for name in asked) + f' s, graph {found["graph"]:.3f} s',
                             f'{most:.3f} s' + (f', {found["MiB"]:.0f} MiB' if count == MOST else ''),
                             f'{limit} s' + (', 1024 MiB' if count == MOST else ''),
                             most < limit and (count < MOST or found['MiB'] < 1024))
        growth = max(large[name] / small[name] for name in asked)
        bench.report.row(f'growth from {ISSUE} to {MOST}, {shape}', '', f'x {growth:.0f} at most',
                         f'{growth * ISSUE / MOST:.2f} x linear', '4 x', growth * ISSUE / MOST <= 4)


def every_shape(bench, planner, count):
    """Everything that is asked of the graph, in every shape: as quick as the issue wants of 50,000 revisions."""
    limit = 0.1 * count / ISSUE
    for shape, what in planner.shapes():
        rounds = max(1, bench.rounds * 3 // 5)
        tenth = planner.ask(rounds, shape, count // 10)
        found = planner.ask(rounds, shape, count)
        seconds = {name: value for name, value in found.items() if name != 'MiB'}
        slowest = max(seconds, key=seconds.get)
        growth = sum(seconds.values()) / sum(tenth[name] for name in seconds)
        bench.report.row(f'all of {count}, {shape}: {what}', '', f'slowest: {slowest} {found[slowest]:.3f} s',
                         f'{found[slowest]:.3f} s, {growth / 10:.2f} x linear', f'{limit} s, 2 x',
                         found[slowest] <= limit and growth <= 20)


def middle_in_core(bench, planner):
    found = planner.ask(bench.rounds, 'chain', MIDDLE, 'up', 'down')
    for way in ('up', 'down'):
        bench.report.ratio(f'core, one step {way} from the middle of {MIDDLE}, to building the graph',
                           [found['graph_in_the_middle']], [found[way]], 1)


def middle_in_engine(bench, engine, connect):
    """A fresh connection's step, which reads the ledger, beside a fresh connection's reading of it."""
    read, steps = [], {'+1': [], '-1': []}
    for _ in range(bench.rounds):
        for target, taken in steps.items():
            with connect() as db:
                read.append(processor(lambda: db.execute('SELECT * FROM migrate_heads()') or db.fetchall(), db))
            call = f"SELECT migrate_{'upgrade' if target == '+1' else 'downgrade'}('{target}')"
            with connect() as db:
                taken.append(processor(lambda: db.execute(call) or db.fetchall(), db))
    for target, taken in steps.items():
        bench.report.ratio(f'{engine}, {target} from the middle of {MIDDLE}, to reading the ledger (migrate_heads())',
                           read, taken, 1.25)


def middle_in_engines(bench):
    directory = bench.directory('middle.files', plain_history(MIDDLE))
    stamp, file = f"SELECT migrate_stamp('{MIDDLE // 2:05d}')", bench.path('middle.db')
    bench.store_sqlite(file, directory)
    db = bench.sqlite(file)
    db.execute(stamp).fetchall()
    db.close()
    middle_in_engine(bench, 'SQLite', lambda: SqliteConnection(bench, file))
    os.remove(file)
    if bench.server:
        bench.store_postgres('middle', directory)
        with bench.server.connect('middle') as db:
            db.execute(stamp)
        middle_in_engine(bench, 'PostgreSQL', lambda: bench.server.connect('middle'))
        bench.server.drop('middle')


def measure(bench):
    bench.report.begin('Planning: processor time in core (bench/plan.c)')
    planner = Planner(bench, TOP)
    issue_rows(bench, planner)
    every_shape(bench, planner, 100000)
    middle_in_core(bench, planner)
    middle_in_engines(bench)
