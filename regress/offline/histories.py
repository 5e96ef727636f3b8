"""Random histories: branches, merges, labels, dependencies, made by calls and by files, with bodies for
both engines. A body changes only what its own revision or an ancestor of it made, so that every order
that the graph allows runs."""
import random

HEADS = ('-- a comment; with a semicolon\n', '', '', '/* and -- another */ ')
TAILS = ('', ';', ';\n', '; -- done', '\n-- done', ';\n\n/* done; */')


class Revision:
    def __init__(self, number, name, parents, deps, labels, message):
        self.number, self.name, self.parents, self.deps = number, name, parents, deps
        self.labels, self.message = labels, message
        self.upgrade = self.downgrade = None
        self.by_file = False

    def file(self):
        lines = [f'-- migrate:revision {self.name}']
        if self.message:
            lines.append(f'-- migrate:message {self.message}')
        lines.append('-- migrate:down_revision ' + (', '.join(self.parents) or 'base'))
        if self.deps:
            lines.append('-- migrate:depends_on ' + ', '.join(self.deps))
        if self.labels:
            lines.append('-- migrate:branch_label ' + ', '.join(self.labels))
        lines += ['', '-- migrate:up', self.upgrade]
        if self.downgrade is not None:
            lines += ['-- migrate:down', self.downgrade]
        return '\n'.join(lines) + '\n'


class History:
    def __init__(self, seed, engine):
        self.random = random.Random(seed)
        self.engine = engine
        self.revisions = []
        self.closure = {}
        for number in range(1, self.random.randint(2, 9)):
            self.grow(number)

    def heads(self):
        taken = {p for r in self.revisions for p in r.parents}
        return [r.name for r in self.revisions if r.name not in taken]

    def grow(self, number):
        rnd, names = self.random, [r.name for r in self.revisions]
        heads, parents = self.heads(), []
        if names and rnd.random() < 0.9:
            if len(heads) > 1 and rnd.random() < 0.35:
                parents = rnd.sample(heads, rnd.randint(2, min(3, len(heads))))
            else:
                parents = [rnd.choice(heads if rnd.random() < 0.7 else names)]
        below = set().union(*(self.closure[p] for p in parents)) if parents else set()
        others = [n for n in names if n not in below]
        deps = rnd.sample(others, 1) if others and rnd.random() < 0.25 else []
        name = rnd.choice((f'{number:03}', f'a{number}f0c9d{number}b', f'x-{number}', f'2026.{number}_{number:03}'))
        labels = [f'lab{number}'] if rnd.random() < 0.2 else []
        message = rnd.choice(('', 'add things', "it's: half/done? \\ 100%", 'ünïcode 表', 'a  b'))
        revision = Revision(number, name, parents, deps, labels, message)
        self.closure[name] = below | {name} | set().union(*(self.closure[d] for d in deps))
        revision.by_file = rnd.random() < 0.5
        self.bodies(revision)
        self.revisions.append(revision)

    def bodies(self, revision):
        rnd, n = self.random, revision.number
        up, down = [], []
        if len(revision.parents) > 1 and rnd.random() < 0.5:
            revision.upgrade = revision.downgrade = ''
            return
        older = [r.number for r in self.revisions if r.name in self.closure[revision.name] and r.upgrade]
        self.make_table(n, up, down)
        for _ in range(rnd.randint(0, 3)):
            kind = rnd.choice(self.kinds())
            kind(n, rnd.choice(older) if older else n, up, down)
            if older:
                older = [o for o in older if o != 0]
        revision.upgrade = self.text(up)
        revision.downgrade = None if rnd.random() < 0.05 else self.text(down[::-1])

    def text(self, statements):
        rnd = self.random
        body = rnd.choice(HEADS) + rnd.choice((';\n', '; ', ';\n-- next\n')).join(statements)
        if rnd.random() < 0.2:
            return rnd.choice(('BEGIN;\n', '-- all\nbegin transaction;')) + body + rnd.choice((';\nCOMMIT;', '; commit'))
        return body + rnd.choice(TAILS)

    # --- what a revision does: statements up, and down in reverse ------------------------------------

    def make_table(self, n, up, down):
        counted = ' AUTOINCREMENT' if self.engine == 'sqlite' and self.random.random() < 0.3 else ''
        up.append(f'CREATE TABLE t{n} (id integer PRIMARY KEY{counted}, name text DEFAULT \'x;y\', amount numeric)')
        up.append(f"INSERT INTO t{n} (id, name, amount) VALUES (1, 'it''s; -- {n}', 1), (2, 'a\\b', 2)")
        down.append(f'DROP TABLE t{n}')

    def kinds(self):
        common = [self.add_column, self.add_index, self.add_view, self.update_rows, self.make_strict, self.retype, self.child]
        return common + ([self.trigger, self.keys_off] if self.engine == 'sqlite'
                         else [self.settings, self.function, self.block])

    def fresh(self):
        return self.random.randint(0, 10 ** 9)

    def add_column(self, n, other, up, down):
        c = f'c{n}_{self.fresh()}'
        up.append(f'ALTER TABLE t{other} ADD COLUMN {c} text')
        down.append(f'ALTER TABLE t{other} DROP COLUMN {c}')

    def add_index(self, n, other, up, down):
        i = f'i{n}_{self.fresh()}'
        up.append(f'CREATE INDEX {i} ON t{other} (name)')
        down.append(f'DROP INDEX {i}')

    def add_view(self, n, other, up, down):
        v = f'v{n}_{self.fresh()}'
        up.append(f'CREATE VIEW {v} AS SELECT id FROM t{n}')
        down.append(f'DROP VIEW {v}')

    def update_rows(self, n, other, up, down):
        up.append(f"UPDATE t{other} SET name = name || '{n}'")
        down.append(f"UPDATE t{other} SET name = name || '-'")

    def make_strict(self, n, other, up, down):
        if any('ALTER COLUMN amount' in s for s in up):
            return
        up.append(f'ALTER TABLE t{n} ALTER COLUMN amount SET NOT NULL')
        up.append(f"ALTER TABLE t{n} ADD CONSTRAINT positive{n} CHECK (amount > 0)")
        down.append(f'ALTER TABLE t{n} ALTER COLUMN amount DROP NOT NULL')
        down.append(f'ALTER TABLE t{n} DROP CONSTRAINT positive{n}')

    def retype(self, n, other, up, down):
        if any('TYPE' in s for s in up):
            return
        up.append(f"ALTER TABLE t{n} ALTER COLUMN name TYPE varchar(30), ALTER COLUMN name SET DEFAULT 'a''b;'")
        down.append(f"ALTER TABLE t{n} ALTER COLUMN name TYPE text, ALTER COLUMN name SET DEFAULT 'x;y'")

    def child(self, n, other, up, down):
        c = f'k{n}_{self.fresh()}'
        up.append(f'CREATE TABLE {c} (id integer REFERENCES t{n} DEFERRABLE INITIALLY DEFERRED)')
        up.append(f'INSERT INTO {c} VALUES (7)')
        up.append(f'INSERT INTO t{n} (id, amount) VALUES (7, 7)' if f'INSERT INTO t{n} (id, amount) VALUES (7, 7)'
                  not in up else f'SELECT count(*) FROM {c}')
        down.append(f'DROP TABLE {c}')

    def trigger(self, n, other, up, down):
        t = f'g{n}_{self.fresh()}'
        up.append(f"CREATE TRIGGER {t} AFTER UPDATE ON t{n} BEGIN\n  UPDATE t{n} SET amount = 1 WHERE 0;\n  SELECT ';';\nEND")
        down.append(f'DROP TRIGGER {t}')

    def keys_off(self, n, other, up, down):
        up.append('PRAGMA foreign_keys = OFF')
        up.append(f"UPDATE t{n} SET amount = amount + 1")
        up.append('PRAGMA foreign_keys = ON')

    def settings(self, n, other, up, down):
        up.append(self.random.choice(('SET search_path = pg_catalog, public', 'SET LOCAL statement_timeout = 100000',
                                      "SELECT pg_catalog.set_config('search_path', 'public', false)",
                                      'SET ROLE offline_low; RESET ROLE', "SET offline.word = 'x'")))

    def function(self, n, other, up, down):
        f = f'f{n}_{self.fresh()}'
        up.append(f"CREATE FUNCTION public.{f}() RETURNS text LANGUAGE sql AS $f$ SELECT 'a;\\'; -- x $f$")
        down.append(f'DROP FUNCTION public.{f}()')

    def block(self, n, other, up, down):
        up.append(f"DO $$ BEGIN UPDATE public.t{n} SET amount = amount + 1; PERFORM set_config('work_mem', '5MB', false); END $$")
