"""Debian's Alembic, asked without files and without a database.

Its own code answers: ScriptDirectory._upgrade_revs(), _downgrade_revs(), _stamp_revs(), walk_revisions() and
HeadMaintainer, over Script objects made here. What Alembic leaves to the order of a hash is put into the
order of the graph (children) or the declared order (dependencies), because nothing can be compared with
chance; GRAPH.md, difference 12. Nothing else of Alembic's is changed.
"""
import types
import warnings

from alembic.runtime.migration import HeadMaintainer, MigrationStep
from alembic.script.base import ScriptDirectory
from alembic.script.revision import Revision, RevisionMap
from alembic.util import CommandError

warnings.simplefilter('ignore')

NO_LABELS_GIVEN = "History range requires [start]:[end], [start]:, or :[end]"


class Answer:
    """What a tool says: steps and version rows, or an error. Rows are None where nobody asked for them."""

    def __init__(self, steps=None, rows=None, error=None, cause=None, leak=False, hint=None):
        self.steps, self.rows = steps, rows
        self.error, self.cause, self.leak, self.hint = error, cause, leak, hint

    def __str__(self):
        if self.error is not None:
            return f'error{" (traceback)" if self.leak else ""}: {self.error}'
        rows = '' if self.rows is None else f' -> {", ".join(sorted(self.rows)) or "base"}'
        return ('' if self.steps is None else ' '.join(self.steps) or 'no steps') + rows


class Script(Revision):
    """A revision whose children come in the order of the graph."""
    doc = ''
    module = types.SimpleNamespace(upgrade=lambda: None, downgrade=lambda: None)
    nextrev = ()
    _all_nextrev = ()

    def add_nextrev(self, revision):
        if revision.revision not in self._all_nextrev:
            self._all_nextrev += (revision.revision,)
            if self.revision in revision._versioned_down_revisions:
                self.nextrev += (revision.revision,)


class Map(RevisionMap):
    """A map of revisions whose dependencies keep the declared order."""

    def _normalize_depends_on(self, revisions, map_):
        super()._normalize_depends_on(revisions, map_)
        for revision in revisions:
            kept = set(revision._normalized_resolved_dependencies)
            revision._normalized_resolved_dependencies = tuple(
                d for d in revision._resolved_dependencies if d in kept)


class Heads(HeadMaintainer):
    """The version table as a set; the assertions are Alembic's."""

    def _insert_version(self, version):
        assert version not in self.heads
        self.heads.add(version)

    def _delete_version(self, version):
        self.heads.remove(version)

    def _update_version(self, from_, to_):
        assert to_ not in self.heads
        self.heads.remove(from_)
        self.heads.add(to_)


class Alembic:
    def __init__(self, history):
        self.map = Map(lambda: [Script(name, down or None, deps or None, labels or None)
                                for name, down, deps, labels in history.rows])
        self.directory = object.__new__(ScriptDirectory)
        self.directory.revision_map = self.map
        self.map._revision_map  # built now

    def ask(self, operation, rows, target):
        """operation: upgrade, downgrade, stamp, purge (a stamp after deleting all rows) or history."""
        try:
            return getattr(self, operation)(tuple(rows), target)
        except CommandError as error:
            return Answer(error=str(error), cause=str(error.__cause__ or ''))
        except Exception as error:  # a traceback in a shell, whatever it is
            return Answer(error=f'{type(error).__name__}: {error}', leak=True)

    @staticmethod
    def words(target):
        words = target.replace(',', ' ').split()
        return words[0] if len(words) == 1 else tuple(words)

    def upgrade(self, rows, target):
        return self.run(rows, self.directory._upgrade_revs(self.words(target or 'head'), rows))

    def downgrade(self, rows, target):
        return self.run(rows, self.directory._downgrade_revs(self.words(target), rows))

    def run(self, rows, steps):
        """The rows after the steps; None where Alembic breaks on the way: its bugs B1 and B2."""
        heads = Heads(None, rows)
        answer = Answer(steps=[step.revision.revision for step in steps])
        answer.names = [(', '.join(step.from_revisions_no_deps) or 'base', ', '.join(step.to_revisions_no_deps) or 'base')
                        for step in steps]
        try:
            for step in steps:
                heads.update_to_step(step)
            answer.rows = set(heads.heads)
        except (KeyError, IndexError, AssertionError):
            answer.rows = None
        return answer

    def stamp(self, rows, target):
        words = self.words(target)
        heads = Heads(None, rows)
        for step in self.directory._stamp_revs((words,) if isinstance(words, str) else words, rows):
            heads.update_to_step(step)
        return Answer(rows=set(heads.heads))

    def purge(self, rows, target):
        return self.stamp((), target)

    def history(self, rows, target):
        """As command.history() does."""
        base = head = None
        if target is not None:
            if ':' not in target:
                raise CommandError(NO_LABELS_GIVEN)
            base, head = target.strip().split(':')
        if head == 'current':
            head = rows
        elif base == 'current':
            base = rows
        return Answer(steps=[r.revision for r in self.directory.walk_revisions(base or 'base', head or 'heads')])

    def one(self, word):
        """The one revision that a word means; None for base."""
        return self.directory.get_revision(word)

    def ordered(self, members, heads):
        """Some revisions in the order of execution, children first."""
        return self.map._topological_sort([self.map._revision_map[n] for n in members],
                                          [self.map._revision_map[n] for n in heads])

    def step(self, name, up):
        make = MigrationStep.upgrade_from_script if up else MigrationStep.downgrade_from_script
        return make(self.map, self.map._revision_map[name])
