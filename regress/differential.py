#!/usr/bin/python3
"""The same random histories, version rows and targets in Limbeck and in Debian's Alembic.

    regress/differential.py [--graphs N] [--seed S] [--queries N] [--runs SHARE] [--large N]
    regress/differential.py --history 'aaaa; bbbb:aaaa[l1]' --rows 'bbbb' --operation downgrade --target 'l1@-1'

Each history is stored by migrate_revision() in SQLite and built as a RevisionMap in Alembic; then both are asked
for upgrades, downgrades, stamps and history ranges. Compared are the steps and their order, the names of
each step, the version rows after a real run, the log of the run, and errors with their words. What Limbeck does
otherwise on purpose is a rule of its own in differential/purpose.py, by its number in GRAPH.md's list; each use is
counted, and one that is never used is a failure. Histories of hundreds of revisions are compared with
differential/section6.py instead.

Alembic 1.8.1 is what Debian 12 has: histories where one parent is an ancestor of another are for section6.py alone.
Alembic's own chance (the order of hashes) is taken out in differential/alembic_side.py, which says how.

On a difference the smallest history that shows it is printed as a command that shows it again.
"""
import argparse
import collections
import os
import random
import re
import shlex
import sys

from differential import histories, section6
from differential.alembic_side import Alembic, Answer
from differential.histories import History, bits
from differential.limbeck_side import Limbeck, listed
from differential.purpose import Case, Refusal, expected, lowered, plain_alembic, wordings, Word

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHOWN = 5

DIFFERENCES = {
    1: 'an error with words where Alembic shows a traceback',
    4: 'a label is always validated and scopes what follows it',
    5: 'labels with a hyphen or a dot are read as names; a step is anchored at both ends',
    6: 'an ambiguous prefix lists all candidates',
    7: '-N from several rows, steps in lists and stamps, lists in downgrade, base-N, NULL, current: refused',
    8: 'ranges: -N past the base, current as several rows, a start that is only a dependency',
    9: 'version rows are the maximal applied revisions (Alembic\'s bugs B1, B2)',
    10: 'version rows that overlap or have no revision: refused',
    11: 'stamp: several targets and labels',
    13: '`head` is the only real head; no overlap within one label@heads',
}


class Verdict:
    """good, and how: 'same', an entry's number, or what is different."""

    def __init__(self, good, how, theirs, ours, wanted):
        self.good, self.how, self.theirs, self.ours, self.wanted = good, how, theirs, ours, wanted


def judge(case, limbeck, run):
    """Asks both tools; Limbeck has the history already."""
    limbeck.stand_at(case.rows)
    theirs = case.alembic.ask(case.operation, case.rows, case.target)
    wanted = expected(case)
    ours = limbeck.ask(case.operation, case.rows, case.target, run or case.operation == 'stamp')

    def verdict(good, how):
        return Verdict(good, how, theirs, ours, wanted)

    if ours.error is not None and 'HINT:  ' not in ours.hint:
        return verdict(False, 'an error without a hint')
    if isinstance(wanted, Answer) and wanted.leak:
        case.use(1)
        wanted = Refusal(1)
    if isinstance(wanted, Refusal):
        if not wanted.met_by(ours):
            return verdict(False, 'an error is expected')
        if theirs.error is not None and not theirs.leak and same_words(case, theirs, ours):
            return verdict(True, 'same error')
        return verdict(True, 1 if theirs.leak else wanted.number)
    if wanted.error is not None:
        if ours.error is None:
            return verdict(False, 'an error is expected')
        if same_words(case, theirs, ours):
            return verdict(True, 'same error')
        number = 6 if ours.error.startswith('multiple revisions start with') else 4 if 'not a member' in ours.error else None
        good = same_words(case, wanted, ours) or any(ours.error == w for w in other_words(case, wanted))
        return verdict(good, number or min(case.numbers, default=1))
    if ours.error is not None:
        return verdict(False, 'no error is expected')
    return compare_plans(case, theirs, wanted, ours, verdict)


def compare_plans(case, theirs, wanted, ours, verdict):
    entry = min(case.numbers, default=None)
    if case.operation in ('stamp', 'purge'):
        if wanted.rows != ours.rows:
            return verdict(False, 'other version rows')
        if ours.steps is not None and rows_by_names(case.rows, ours.names) != ours.rows:
            return verdict(False, "the plan doesn't give the version rows")
        if theirs.rows == ours.rows:
            return verdict(True, 'same rows')
        return verdict(entry is not None, entry or "a difference of no entry")
    if wanted.steps != ours.steps:
        return verdict(False, 'other steps')
    if case.operation == 'history':
        same = theirs.steps == ours.steps
        return verdict(same or entry is not None, 'same list' if same else entry or 'a difference of no entry')
    if wanted.names != ours.names:
        return verdict(False, 'other names of steps')
    if ours.rows is not None:
        history, done = case.history, case.history.set_of(ours.steps)
        applied = case.applied()
        right = history.maximal(applied | done if case.operation == 'upgrade' else applied & ~done)
        if ours.rows != set(history.names(right)):
            return verdict(False, 'other version rows')
        if wanted.rows != ours.rows:
            broken = wanted.rows is None
            overlap = not broken and history.maximal(history.set_of(wanted.rows)) != history.set_of(wanted.rows)
            return verdict(broken or overlap, 9)
    if theirs.steps == ours.steps:
        return verdict(True, f'same {"steps" if ours.steps else "empty plan"}')
    return verdict(entry is not None, entry or 'a difference of no entry')


def rows_by_names(rows, names):
    """The version rows after a stamp's steps, each from one row to one row."""
    rows = set(rows)
    for lost, gained in names:
        if lost != 'base':
            rows.remove(lost)
        if gained != 'base':
            rows.add(gained)
    return rows


def same_words(case, theirs, ours):
    """Alembic's words with its first letter lowered, as far as they are the same by nature."""
    if theirs.error is None or ours.error is None:
        return False
    said = lowered(theirs.error)
    if said == ours.error:
        return True
    for start in ('walked too far', 'not a valid downgrade target from current heads',  # ours name the word, too
                  "multiple head revisions are present for given argument '("):  # a Python tuple
        if said.startswith(start) and ours.error.startswith(start.rstrip('(')):
            return True
    if case.operation == 'history' and said.startswith('requested range'):  # an end that wasn't written
        return ours.error.startswith('requested range')
    if 'overlaps with other' in said:  # of three targets, which is named first is chance
        return 'overlaps with other' in ours.error
    return False


def other_words(case, answer):
    """Where Alembic hides the cause of an error and Limbeck tells it."""
    found = []
    for text in (case.target or '').replace(',', ' ').replace(':', ' ').split():
        try:
            word = Word(case, text)
        except Refusal:
            continue
        error = RuntimeError(answer.error)
        error.__cause__ = RuntimeError(answer.cause)
        found += wordings(case, error, word)
    return found


# --- what readers say of a history ----------------------------------------------------------------------


def compare_readers(history, alembic, limbeck, rows):
    """migrate_history(), _heads(), _branches(), _current() against Alembic's properties. None: nothing is wrong."""
    def revision(name):
        return alembic.map._revision_map[name]
    limbeck.stand_at(rows)
    applied = set(history.names(history.closure(history.set_of(rows))))
    real_heads = set(alembic.map._real_heads)
    for row in limbeck.all('SELECT revision, down_revision, depends_on, branch_labels, is_head, is_base, is_branch_point,'
                           ' is_merge_point, is_current, is_applied FROM migrate_history()'):
        r = revision(row[0])
        wanted = (r._versioned_down_revisions, tuple(dict.fromkeys(r._resolved_dependencies)), r.branch_labels,
                  row[0] in real_heads, r.is_base, r.is_branch_point, r.is_merge_point, row[0] in rows, row[0] in applied)
        got = (tuple(listed(row[1])), tuple(listed(row[2])), set(listed(row[3])), *map(bool, row[4:]))
        if wanted != got:
            return f'migrate_history() tells of {row[0]}: {got}, Alembic {wanted}'
    for call, wanted in (('heads', real_heads), ('current', set(rows)),
                         ('branches', {n for n in history.ids if revision(n).is_branch_point})):
        got = [row[0] for row in limbeck.all(f'SELECT revision FROM migrate_{call}()')]
        if set(got) != wanted or len(got) != len(wanted):
            return f'migrate_{call}() tells {got}, Alembic {wanted}'
    return None


# --- the run ---------------------------------------------------------------------------------------------


class Run:
    def __init__(self, options):
        self.options = options
        self.limbeck = Limbeck(options.extension)
        self.tally = collections.Counter()
        self.used, self.refused = collections.Counter(), collections.Counter()
        self.passed = self.failed = 0

    def history(self, number):
        """One random history with its questions. True: no difference."""
        rng = random.Random(self.options.seed * 1000003 + number)
        history = histories.random_history(rng, rng.choice((1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20)))
        alembic = Alembic(history)
        plain = plain_alembic(history, alembic)
        self.limbeck.store(history)
        rows, good = histories.random_rows(rng, history), True
        wrong = compare_readers(history, alembic, self.limbeck, rows)
        if wrong:
            self.show_first(f"{wrong}\n  {history}")
            good = False
        for _ in range(self.options.queries):
            operation = rng.choice(('upgrade',) * 7 + ('downgrade',) * 7 + ('history',) * 4 + ('stamp',) * 3 + ('purge',))
            asked = histories.unsound_rows(rng, history) if rng.random() < .01 and operation != 'history' else rows
            case = Case(history, asked, operation, histories.random_target(rng, history, operation, asked), alembic, plain)
            verdict = judge(case, self.limbeck, rng.random() < self.options.runs)
            self.tally[f'{operation}: {verdict.how if isinstance(verdict.how, str) else "on purpose"}'] += 1
            if isinstance(verdict.how, int):
                self.used[verdict.how] += 1
                self.refused[verdict.how] += verdict.ours.error is not None
            if not verdict.good:
                self.show(case, verdict)
                good = False
            after = verdict.ours.rows if operation != 'history' and asked is rows else None
            if after and rng.random() < .6:
                rows = [name for name in history.ids if name in after]
            elif rng.random() < .7:
                rows = histories.random_rows(rng, history)
        return good

    def show_first(self, text):
        if self.failed < SHOWN:
            print(text)

    def show(self, case, verdict):
        if self.failed >= SHOWN:
            return
        print(describe(*self.shrunk(case, verdict)))
        self.limbeck.store(case.history)

    def shrunk(self, case, verdict):
        """The case with as few revisions and rows as show a difference still."""
        smaller = True
        while smaller:
            smaller = False
            for n in reversed(range(len(case.history.ids))):
                history = case.history.without(n)
                rows = [row for row in case.rows if row != case.history.ids[n]]
                if not history.ids:
                    continue
                try:
                    self.limbeck.store(history)
                    again = Case(history, rows, case.operation, case.target)
                    found = judge(again, self.limbeck, True)
                except Exception:  # pylint: disable=broad-except
                    continue  # not a history any more
                if not found.good and found.how == verdict.how:
                    case, verdict, smaller = again, found, True
                    break
        return case, verdict

    def large(self, number):
        """One history of hundreds of revisions against section6.py."""
        rng = random.Random(self.options.seed * 2000003 + number)
        history = histories.random_history(rng, rng.choice((60, 150, 300, 500)), redundant_parents=rng.random() < .5)
        self.limbeck.store_quickly(history)
        self.limbeck.stand_at([])
        labels = section6.effective_labels(history)
        for name, shown in self.limbeck.all('SELECT revision, branch_labels FROM migrate_history()'):
            if set(listed(shown)) != labels[history.number[name]]:
                self.show_first(f'large history {number}: {name} has the labels {shown}, not {labels[history.number[name]]}'
                                f'\n  {history}')
                return False
        for start in [None] + rng.sample(range(len(history.ids)), 4):
            target = ':' if start is None else history.ids[start] + ':'
            if not self.same_large(number, history, 'history', [], target, section6.listed(history, start)):
                return False
        applied = 0
        for _ in range(6):
            rows = history.maximal(applied)
            self.limbeck.stand_at(history.names(rows))
            if rng.random() < .6 or not rows:
                operation, count = 'upgrade', rng.choice((1, 1, 2, 3, 0))
                targets = history.real_heads() if not count else history.maximal(
                    sum(1 << n for n in rng.sample(range(len(history.ids)), count)))
                target = ', '.join(history.names(targets)) if count else 'heads'
                wanted = section6.upgrade(history, rows, targets)
                applied |= history.set_of(wanted)
            else:
                operation = 'downgrade'
                n = None if rng.random() < .2 else rng.choice(list(bits(applied)))
                target = 'base' if n is None else history.ids[n]
                wanted = section6.downgrade(history, rows, n)
                if not wanted and n is not None and not rows >> n & 1:
                    continue  # an error; the small histories see to it
                applied &= ~history.set_of(wanted)
            if not self.same_large(number, history, operation, history.names(rows), target, wanted):
                return False
        return True

    def same_large(self, number, history, operation, rows, target, wanted):
        ours = self.limbeck.ask(operation, rows, target, run=False)
        if ours.steps != wanted:
            self.show_first(f'large history {number} (seed {self.options.seed}): {operation} {target} from {rows}\n'
                            f'  {history}\n  wanted  {" ".join(wanted)}\n  Limbeck {ours}')
        return ours.steps == wanted

    def count(self, good):
        if good:
            self.passed += 1
        else:
            self.failed += 1

    def everything(self):
        for number in range(self.options.graphs):
            self.count(self.history(number))
        for number in range(self.options.large):
            self.count(self.large(number))
        for how, times in sorted(self.tally.items()):
            print(f'{times:9d}  {how}')
        print('deliberate differences, by their number in GRAPH.md:')
        for number, what in DIFFERENCES.items():
            print(f'{self.used[number]:9d}  {number}. {what} ({self.refused[number]} refused)')
        if self.options.graphs >= 2000:  # a rule that is never needed tests nothing
            self.count(all(self.used[number] for number in DIFFERENCES))


def describe(case, verdict):
    again = ['regress/differential.py', '--history', str(case.history), '--rows', ' '.join(case.rows), '--operation',
             case.operation] + ([] if case.target is None else ['--target', case.target])
    return '\n'.join((
        f'{case.operation} {case.target!r} from {", ".join(case.rows) or "base"}: {verdict.how}',
        f'  {case.history}', f'  Alembic  {verdict.theirs}', f'  expected {verdict.wanted} {sorted(case.numbers) or ""}',
        f'  Limbeck  {verdict.ours}', f'  {shlex.join(again)}'))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--graphs', type=int, default=3000, help='random histories against Alembic')
    parser.add_argument('--large', type=int, default=None, help='large histories against section6.py')
    parser.add_argument('--seed', type=int, default=20260110)
    parser.add_argument('--queries', type=int, default=10, help='questions a history')
    parser.add_argument('--runs', type=float, default=.5, help='share of plans that are really run')
    parser.add_argument('--extension', default=os.path.join(TOP, 'sqlite_ext', 'limbeck'))
    parser.add_argument('--history', help='one case instead')
    parser.add_argument('--rows', default='')
    parser.add_argument('--operation', default='upgrade')
    parser.add_argument('--target')
    options = parser.parse_args()
    if options.large is None:
        options.large = options.graphs // 50
    run = Run(options)
    if options.history:
        case = Case(History.parse(options.history), re.split(r'[ ,]+', options.rows) if options.rows else [],
                    options.operation, options.target)
        run.limbeck.store(case.history)
        verdict = judge(case, run.limbeck, True)
        print(describe(case, verdict))
        run.count(verdict.good)
    else:
        run.everything()
    print(f'{run.passed} passed, {run.failed} failed')
    return 1 if run.failed else 0


if __name__ == '__main__':
    sys.exit(main())
