"""Limbeck, asked through SQLite's extension: one connection, one transaction a history."""
import sqlite3

from .alembic_side import Answer


def listed(text):
    return text.split(', ') if text else []


class Limbeck:
    def __init__(self, extension):
        self.db = sqlite3.connect(':memory:', isolation_level=None)
        self.db.enable_load_extension(True)
        self.db.load_extension(extension)
        self.one("SELECT migrate_revision('', '', '', 'first')")  # makes the ledger's tables
        self.db.execute('DELETE FROM migrate_revision')

    def one(self, sql, *values):
        return self.db.execute(sql, values).fetchone()[0]

    def all(self, sql, *values):
        return self.db.execute(sql, values).fetchall()

    def store(self, history):
        """The history by migrate_revision(), so that it can be run; a transaction that is never committed."""
        if self.db.in_transaction:
            self.db.execute('ROLLBACK')
        self.db.execute('BEGIN')
        for n in history.oldest_first:
            name, down, deps, labels = history.rows[n]
            self.one("SELECT migrate_revision('', '', '', ?, ?, 1, ?, ?)", name, ', '.join(down) or 'base',
                     ', '.join(labels) or None, ', '.join(deps) or None)
        if history.oldest_first != list(range(len(history.ids))):
            self.db.execute('UPDATE migrate_revision SET seq = -seq')
            self.db.executemany('UPDATE migrate_revision SET seq = ? WHERE revision = ?',
                                list(enumerate(history.ids, 1)))

    def store_quickly(self, history):
        """The history as rows: it can be planned, but not run."""
        if self.db.in_transaction:
            self.db.execute('ROLLBACK')
        self.db.execute('BEGIN')
        for seq, (name, down, deps, labels) in enumerate(history.rows, 1):
            self.db.execute(
                'INSERT INTO migrate_revision (seq, revision, message, upgrade, downgrade, upgrade_transactional,'
                " downgrade_transactional, checksum, created_at, created_by) VALUES (?, ?, '', '', '', 1, 1, '', '', '')",
                (seq, name))
            deps = [history.ids[d] for d in history.deps[seq - 1]]
            for kind, parents in (('down_revision', down), ('depends_on', deps)):
                self.db.executemany('INSERT INTO migrate_edge (revision, parent, kind, ordinal) VALUES (?, ?, ?, ?)',
                                    [(name, parent, kind, i) for i, parent in enumerate(parents)])
            self.db.executemany('INSERT INTO migrate_label (label, revision, ordinal) VALUES (?, ?, ?)',
                                [(label, name, i) for i, label in enumerate(labels)])

    def stand_at(self, rows):
        self.db.execute('DELETE FROM migrate_version')
        self.db.executemany('INSERT INTO migrate_version (version_num) VALUES (?)', [(row,) for row in rows])

    def rows(self):
        return {row[0] for row in self.all('SELECT version_num FROM migrate_version')}

    @staticmethod
    def report(operation, steps, before, after):
        before, after = (', '.join(sorted(rows)) or 'base' for rows in (before, after))
        if not steps:
            return f'already at {after}'
        if operation == 'stamp':
            return f'stamped {before} -> {after}'
        return f'{operation}d {before} -> {after} ({steps} revision{"s" if steps > 1 else ""})'

    def ask(self, operation, rows, target, run):
        """The plan, and with run what it comes to; operation as for Alembic."""
        try:
            if operation == 'history':
                return Answer(steps=[r[0] for r in self.all('SELECT revision FROM migrate_history(?)', target)])
            if operation == 'purge':
                return Answer(rows=self.rows_after('purge', target)[1])
            plan = self.all('SELECT step, operation, revision, from_version, to_version FROM migrate_plan(?, ?)',
                            target, operation)
            answer = Answer(steps=[row[2] for row in plan])
            answer.names = [(row[3], row[4]) for row in plan]
            if [row[:2] for row in plan] != [(i, operation) for i in range(1, len(plan) + 1)]:
                raise AssertionError(f'the plan is misnumbered: {plan}')
            if not run:
                return answer
            report, answer.rows, log = self.rows_after(operation, target)
            if log != [row[2:] for row in plan]:
                raise AssertionError(f'the log tells {log}, the plan was {plan}')
            if report != self.report(operation, len(plan), rows, answer.rows):
                raise AssertionError(f'the report is "{report}" of the plan {plan}')
        except sqlite3.Error as error:
            text, _, rest = str(error).partition('\n')
            return Answer(error=text, hint=rest)
        except AssertionError as error:
            return Answer(error=str(error), hint='')
        return answer

    def rows_after(self, operation, target):
        """Really runs it, looks, and takes it back."""
        self.db.execute('SAVEPOINT here')
        try:
            before = self.one('SELECT coalesce(max(id), 0) FROM migrate_log')
            if operation == 'purge':
                report = self.one('SELECT migrate_stamp(?, 1)', target)
            else:
                report = self.one(f'SELECT migrate_{operation}(?)', target)
            return report, self.rows(), self.all(
                'SELECT revision, from_version, to_version FROM migrate_log WHERE id > ? ORDER BY id', before)
        finally:
            self.db.execute('ROLLBACK TO here')
            self.db.execute('RELEASE here')
