#!/usr/bin/python3
"""The same random histories, version rows and targets in Limbeck and in Debian's Alembic.

    regress/differential.py [--graphs N] [--seed S] [--runs SHARE]

Each graph goes into Limbeck's ledger and into Alembic's RevisionMap; migrate_plan() must then show the steps,
in the order, that Alembic would take, for upgrades, downgrades and history ranges, or both must refuse.
For a share of the graphs the revisions are made by migrate_revision() and really run, and the version rows
are compared after it. What Limbeck does otherwise on purpose (GRAPH.md's list) is left out by name, in
on_purpose() below, and counted.

Alembic 1.8.1 is what Debian 12 has: graphs where one parent is an ancestor of another are not made.
"""
import argparse
import collections
import os
import random
import re
import sqlite3
import sys
import warnings

from alembic.runtime.migration import HeadMaintainer, MigrationStep
from alembic.script.revision import Revision, RevisionMap

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
REFUSED = 'refused'


class Graph:
    """A random history; names are ids and labels in the order of storing."""

    def __init__(self, rng):
        self.rng = rng
        self.ids = []
        self.down = {}
        self.deps = {}
        self.labels = {}
        self.above = {}  # id -> its ancestors over parents and dependencies, itself included
        self.versioned = {}  # the same over parents only
        shape = rng.choice(['narrow', 'wide', 'any'])
        size = rng.randint(1, 12)
        while len(self.ids) < size:
            self.add(shape)

    def add(self, shape):
        rng = self.rng
        number = len(self.ids)
        name = f'{rng.choice("abcdefgh")}{number:02d}{rng.choice("xyz")}{rng.choice("pqr")}'
        bases = {'narrow': .08, 'wide': .3, 'any': .15}[shape]
        down = []
        if self.ids and rng.random() > bases:
            tips = [i for i in self.ids if not any(i in d for d in self.down.values())]
            pool = tips if tips and rng.random() < (.75 if shape != 'wide' else .4) else self.ids
            down = self.independent(rng.sample(pool, min(len(pool), rng.choice([1, 1, 1, 1, 2, 2, 3]))),
                                    self.above)
        deps = []
        if self.ids and rng.random() < .25:
            below = set().union(*(self.above[d] for d in down)) if down else set()
            pool = [i for i in self.ids if i not in below]
            if pool:
                deps = self.independent(rng.sample(pool, min(len(pool), rng.choice([1, 1, 2]))), self.above)
                # A parent below a dependency would be a redundant edge: Alembic's bug B1.
                deps = [d for d in deps if not any(p in self.above[d] for p in down)]
        self.ids.append(name)
        self.down[name], self.deps[name] = down, deps
        self.labels[name] = [f'label{number}'] if rng.random() < .2 else []
        self.above[name] = {name}.union(*(self.above[d] for d in down + deps))
        self.versioned[name] = {name}.union(*(self.versioned[d] for d in down))

    def independent(self, names, above):
        return [n for n in names if not any(n != m and n in above[m] for m in names)]

    def maximal(self, names):
        return [n for n in names if not any(n != m and n in self.above[m] for m in names)]

    def state(self):
        """Version rows as a run of Limbeck or Alembic leaves them, in the order of storing."""
        chosen = self.rng.sample(self.ids, self.rng.randint(0, min(3, len(self.ids))))
        rows = self.maximal(chosen)
        return [i for i in self.ids if i in rows]

    def lineage(self, name):
        return {n for n in self.ids if n in self.versioned[name] or name in self.versioned[n]}

    def named(self, name):
        return next((i for i in self.ids if name == i or name in self.labels[i]), None)

    def heads(self):
        return [i for i in self.ids if not any(i in d for d in self.down.values())]

    def real_heads(self):
        return [i for i in self.heads() if not any(i in d for d in self.deps.values())]

    def word(self):
        """A target as a person may write it."""
        rng = self.rng
        name = rng.choice(self.ids)
        labels = [label for group in self.labels.values() for label in group]
        scope = rng.choice(labels) if labels and rng.random() < .7 else rng.choice(self.ids)
        steps = rng.choice([1, 1, 2, 3])
        return rng.choice([
            name, name, name[:3], 'head', 'heads', 'base', scope,
            f'+{steps}', f'-{steps}', f'-{steps}', f'{name}+{steps}', f'{name}-{steps}',
            f'{scope}@head', f'{scope}@heads', f'{scope}@base', f'{scope}@{name}', f'{scope}@+{steps}',
            f'{scope}@-{steps}', f'{scope}@{name}+{steps}', f'{scope}@{name}-{steps}', f'head-{steps}',
            f'base+{steps}', f'{scope}@base+{steps}', f'{scope}@head-{steps}'])


class Alembic:
    def __init__(self, graph):
        self.graph = graph
        self.map = RevisionMap(lambda: [
            Revision(i, tuple(graph.down[i]) or None, tuple(graph.deps[i]) or None,
                     tuple(graph.labels[i]) or None) for i in graph.ids])
        self.map._revision_map  # pylint: disable=pointless-statement,protected-access
        for name in graph.ids:  # declared order, not that of a hash
            revision = self.map.get_revision(name)
            kept = set(revision._normalized_resolved_dependencies)
            revision._normalized_resolved_dependencies = tuple(
                d for d in revision._resolved_dependencies if d in kept)

    def plan(self, operation, rows, target):
        """The revisions that would run, in order; REFUSED for an error of any kind."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                if operation == 'upgrade':
                    target = tuple(target.split(', ')) if ', ' in target else target
                    found = list(self.map.iterate_revisions(target, tuple(rows), implicit_base=True))
                    return [r.revision for r in reversed(found)]
                if operation == 'downgrade':
                    found = self.map.iterate_revisions(tuple(rows), None if target == 'base' else target,
                                                       select_for_downgrade=True)
                    return [r.revision for r in found]
                low, high = target.split(':')
                low = {'': 'base', 'current': ''}.get(low, low)
                found = self.map.iterate_revisions(high or 'heads', low, inclusive=True,
                                                   assert_relative_length=False)
                return [r.revision for r in found]
        except Exception:  # pylint: disable=broad-except
            return REFUSED

    def rows_after(self, operation, rows, steps):
        """What Alembic's version table holds after the steps; None where it breaks (its bugs B1, B2)."""
        heads = HeadMaintainer(None, rows)
        heads._insert_version = heads.heads.add
        heads._delete_version = heads.heads.remove
        heads._update_version = lambda a, b: (heads.heads.remove(a), heads.heads.add(b))
        try:
            for name in steps:
                revision = self.map.get_revision(name)
                make = (MigrationStep.upgrade_from_script if operation == 'upgrade'
                        else MigrationStep.downgrade_from_script)
                revision.module = type('module', (), {'upgrade': None, 'downgrade': None})
                heads.update_to_step(make(self.map, revision))
        except KeyError:
            return None
        return sorted(heads.heads)


class Limbeck:
    def __init__(self, extension):
        self.db = sqlite3.connect(':memory:', isolation_level=None)
        self.db.enable_load_extension(True)
        self.db.load_extension(extension)
        self.one("SELECT migrate_revision('x', '', '', 'x')")

    def one(self, sql, *values):
        return self.db.execute(sql, values).fetchone()[0]

    def clear(self):
        for table in ('version', 'label', 'edge', 'revision', 'log'):
            self.db.execute(f'DELETE FROM migrate_{table}')

    def store(self, graph):
        """The graph as rows: planning reads no bodies."""
        self.db.execute('BEGIN')
        self.clear()
        for seq, name in enumerate(graph.ids, 1):
            self.db.execute(
                'INSERT INTO migrate_revision (seq, revision, message, upgrade, downgrade, upgrade_transactional,'
                " downgrade_transactional, checksum, created_at, created_by) VALUES (?, ?, '', '', '', 1, 1, '', '', '')",
                (seq, name))
            for kind, parents in (('down_revision', graph.down[name]), ('depends_on', graph.deps[name])):
                self.db.executemany('INSERT INTO migrate_edge (revision, parent, kind, ordinal) VALUES (?, ?, ?, ?)',
                                    [(name, parent, kind, i) for i, parent in enumerate(parents)])
            self.db.executemany('INSERT INTO migrate_label (label, revision, ordinal) VALUES (?, ?, ?)',
                                [(label, name, i) for i, label in enumerate(graph.labels[name])])
        self.db.execute('COMMIT')

    def make(self, graph):
        """The graph by calls, so that it can be run."""
        self.db.execute('BEGIN')
        self.clear()
        for name in graph.ids:
            self.one("SELECT migrate_revision(?, '', '', ?, ?, 1, ?, ?)", name, name,
                     ', '.join(graph.down[name]) or 'base', ', '.join(graph.labels[name]) or None,
                     ', '.join(graph.deps[name]) or None)
        self.db.execute('COMMIT')

    def stand_at(self, rows):
        self.db.execute('DELETE FROM migrate_version')
        self.db.executemany('INSERT INTO migrate_version VALUES (?)', [(row,) for row in rows])

    def plan(self, operation, target):
        try:
            if operation == 'history':
                return [r[0] for r in self.db.execute('SELECT revision FROM migrate_history(?)', (target,))]
            return [r[0] for r in self.db.execute('SELECT revision FROM migrate_plan(?, ?)', (target, operation))]
        except sqlite3.OperationalError:
            return REFUSED

    def run(self, operation, target):
        self.one(f'SELECT migrate_{operation}(?)', target)
        return [r[0] for r in self.db.execute('SELECT version_num FROM migrate_version ORDER BY 1')]


def on_purpose(graph, operation, rows, target, theirs, ours):
    """The entry of GRAPH.md's list of differences that explains the two answers, or None."""
    if operation == 'history':
        start, _, end = target.partition(':')
        above = graph.above[end] if end in graph.above else set(graph.ids)
        listed = {n for n in graph.ids if start in graph.versioned[n] and n in above}
        if theirs == REFUSED and start and set(ours) == listed:
            return '8: a range that starts at a dependency lists its versioned descendants'
        return None
    scope, at, rest = target.rpartition('@')
    if at:
        symbol = re.match(r'(\w+?)(?:[+-]\d+)?$', rest)
        if ours == REFUSED and symbol and symbol.group(1) in graph.ids:
            if symbol.group(1) not in graph.lineage(graph.named(scope)):
                return '4: what follows a label has to be on its branch'
        if operation == 'downgrade' and rest.startswith('head') and REFUSED in (theirs, ours):
            return '4: a label limits what follows it'
        if theirs == REFUSED and operation == 'upgrade' and rest == 'heads':
            return '13: the members of one label@heads may overlap'
        return None
    if theirs == REFUSED and rest.startswith('head') and len(graph.heads()) > 1 == len(graph.real_heads()):
        return '13: the only real head is the head'
    if ours == REFUSED and operation == 'downgrade' and rest.startswith('-') and len(rows) > 1:
        return '7: -N with several rows is an error'
    return None


def compare(tally, kind, graph, rows, target, theirs, ours):
    if theirs == ours:
        tally['same'] += 1
        return True
    reason = on_purpose(graph, kind, rows, target, theirs, ours)
    if reason:
        tally[reason] += 1
        return True
    tally['different'] += 1
    if tally['different'] <= 5:
        print(f'{kind} {target!r} from {rows or "base"}: Alembic {theirs}, Limbeck {ours}')
        for name in graph.ids:
            print(f'    {name} <- {graph.down[name]} deps {graph.deps[name]} labels {graph.labels[name]}')
    return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--graphs', type=int, default=8000)
    parser.add_argument('--seed', type=int, default=20260110)
    parser.add_argument('--queries', type=int, default=8)
    parser.add_argument('--runs', type=float, default=.1)
    parser.add_argument('--extension', default=os.path.join(TOP, 'sqlite_ext', 'limbeck'))
    options = parser.parse_args()
    limbeck = Limbeck(options.extension)
    tally = collections.Counter()
    bad = 0
    for number in range(options.graphs):
        graph = Graph(random.Random(options.seed * 1000003 + number))
        rng = graph.rng
        alembic = Alembic(graph)
        real = rng.random() < options.runs
        limbeck.make(graph) if real else limbeck.store(graph)
        good = True
        for _ in range(options.queries):
            rows = graph.state()
            limbeck.stand_at(rows)
            kind = rng.choice(['upgrade', 'upgrade', 'downgrade', 'downgrade', 'history'])
            target = graph.word()
            if kind == 'history':
                target = f'{rng.choice(["", rng.choice(graph.ids)])}:{rng.choice(["", rng.choice(graph.ids), "+2"])}'
                if target.startswith(':+'):
                    continue
            elif kind == 'upgrade' and rng.random() < .15:
                target = ', '.join(dict.fromkeys(rng.choice(graph.ids) for _ in range(2)))
            theirs, ours = alembic.plan(kind, rows, target), limbeck.plan(kind, target)
            good &= compare(tally, kind, graph, rows, target, theirs, ours)
            if real and kind != 'history' and ours == theirs != REFUSED:
                expected = alembic.rows_after(kind, rows, theirs)
                got = limbeck.run(kind, target)
                if expected is None or graph.maximal(expected) != expected:
                    tally['9: rows that Alembic gets wrong (its bugs B1, B2)'] += 1
                else:
                    good &= compare(tally, 'rows of ' + kind, graph, rows, target, expected, got)
        bad += not good
    for reason, times in sorted(tally.items()):
        print(f'{times:8d}  {reason}')
    print(f'{options.graphs - bad} passed, {bad} failed')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
