"""Random tables: any shape that SQLite takes, with data, indexes, triggers, views and relatives."""
from database import quote

NAMES = ['a', 'b', 'c', 'total', 'Status', 'full name', 'order', 'e"f', 'ключ', 'x-y', 'key', 'note',
         'name', 'user_id', 'group', "it's", '[brackets', 'b`t']
TYPES = ['int', 'INTEGER', 'text', 'varchar(20)', 'numeric(10, 2)', 'REAL', 'blob', '', 'timestamp',
         'double precision', 'boolean', '"my type"']
STRICT_TYPES = ['INT', 'INTEGER', 'REAL', 'TEXT', 'BLOB', 'ANY']
CONFLICTS = ['', '', '', '', ' ON CONFLICT REPLACE', ' ON CONFLICT IGNORE', ' ON CONFLICT ABORT',
             ' ON CONFLICT FAIL']


class Column:
    def __init__(self, name):
        self.name = name
        self.type = ''
        self.not_null = self.default = self.collate = self.check = self.generated = None
        self.unique = self.primary = self.references = None
        self.order = None

    def quoted(self, rng):
        return written(rng, self.name)


class Table:
    """One random table; .sql creates it."""

    def __init__(self, rng, name='t'):
        self.rng = rng
        self.name = name
        self.strict = rng.random() < 0.2
        self.without_rowid = rng.random() < 0.2
        self.constraints = []  # (name or None, text)
        self.columns = [Column(n) for n in rng.sample(NAMES, rng.randint(2, 6))]
        for column in self.columns:
            self.fill(column)
        self.choose_key()
        self.choose_constraints()
        self.sql = self.write()

    def fill(self, c):
        rng = self.rng
        c.type = rng.choice(STRICT_TYPES if self.strict else TYPES)
        if rng.random() < 0.25:
            c.not_null = rng.choice(['NOT NULL', 'not null', 'NOT  NULL', 'NOT /* ! */ NULL',
                                     'CONSTRAINT nn_%s NOT NULL' % self.columns.index(c)])
            c.not_null += rng.choice(CONFLICTS)
        if rng.random() < 0.3:
            c.default = rng.choice(["'x'", '1', '-2', '(1 + 1)', 'NULL', "('a' || 'b')", '2.5'])
            if self.strict:
                c.default = None
        if rng.random() < 0.15:
            c.collate = rng.choice(['NOCASE', 'RTRIM', '"nocase"'])
        if rng.random() < 0.2:
            q = written(rng, c.name)
            c.check = rng.choice([f'{q} <> 77', f'{q} IS NOT 78', f't.{q} <> 79', f'length({q}) < 99'])

    def choose_key(self):
        rng = self.rng
        kind = rng.choice(['none', 'rowid', 'auto', 'column', 'table', 'rowid'])
        if self.without_rowid and kind in ('none', 'auto'):
            kind = 'column'
        self.key = kind
        first = self.columns[0]
        if kind in ('rowid', 'auto'):
            first.type = rng.choice(['INTEGER', 'integer'])
            first.primary = rng.choice(['PRIMARY KEY', 'primary key', 'PRIMARY KEY ASC'])
            if kind == 'auto':
                first.primary += ' AUTOINCREMENT'
            first.default = first.check = first.collate = None
        elif kind == 'column':
            first.primary = 'PRIMARY KEY'
        elif kind == 'table':
            self.constraints.append((rng.choice([None, 'the_key']),
                                     'PRIMARY KEY (%s)' % written(rng, first.name)))
        if kind in ('column', 'table') and self.without_rowid:
            first.check = None

    def choose_constraints(self):
        rng = self.rng
        plain = [c for c in self.columns[1:]]
        if len(plain) > 1 and rng.random() < 0.25:
            c = plain.pop()
            first = written(rng, self.columns[0].name)
            if not self.strict:
                c.generated = f'GENERATED ALWAYS AS (coalesce({first}, 0) + 1) ' + \
                    rng.choice(['STORED', 'VIRTUAL', ''])
                c.not_null = c.default = c.check = None
        for c in plain:
            if rng.random() < 0.15:
                c.unique = 'UNIQUE' + rng.choice(CONFLICTS)
            elif rng.random() < 0.15 and not self.strict:
                c.references = 'REFERENCES p(id)' + rng.choice(
                    ['', ' ON DELETE CASCADE', ' ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED'])
        for _ in range(rng.choice([0, 0, 1, 2])):
            c = rng.choice(self.columns)
            q = written(rng, c.name)
            kind = rng.choice(['check', 'unique', 'check2'])
            name = rng.choice([None, None, 'k%d' % len(self.constraints), 'odd name %d' %
                               len(self.constraints)])
            if kind == 'check':
                self.constraints.append((name, f'CHECK ({q} IS NOT 55)'))
            elif kind == 'check2':
                q2 = written(rng, rng.choice(self.columns).name)
                self.constraints.append((name, f'CHECK ({q} IS NOT 56 OR {q2} IS NOT 57)'))
            elif c.primary is None:
                self.constraints.append((name, f'UNIQUE ({q})'))

    def write(self):
        rng = self.rng
        layout = rng.choice(['line', 'lines', 'tight', 'comments', 'odd'])
        elements = []
        for c in self.columns:
            parts = [p for p in (c.primary, c.not_null, c.default and f'DEFAULT {c.default}',
                                 c.collate and f'COLLATE {c.collate}', c.check and
                                 rng.choice(['', 'CONSTRAINT ck_%d ' % self.columns.index(c)]) +
                                 f'CHECK ({c.check})', c.unique, c.generated, c.references) if p]
            c.order = rng.random() < 0.5
            if c.order:
                rng.shuffle(parts)
            gap = '  ' if layout == 'odd' else ' '
            elements.append(gap.join(p for p in [written(rng, c.name), c.type] + parts if p))
        for name, text in self.constraints:
            elements.append((f'CONSTRAINT {written(rng, name)} ' if name else '') + text)
        if layout == 'line':
            body = '(' + ', '.join(elements) + ')'
        elif layout == 'tight':
            body = '(' + ','.join(elements) + ')'
        elif layout == 'lines':
            body = ' (\n    ' + ',\n    '.join(elements) + '\n)'
        elif layout == 'odd':
            body = '\n( ' + '\n, '.join(elements) + '\n)'
        else:
            body = ' (\n    -- the first\n    ' + \
                ', -- and so on\n    '.join(elements) + ' /* the last */\n)'
        options = [o for o, on in (('WITHOUT ROWID', self.without_rowid), ('STRICT', self.strict)) if on]
        return f'CREATE TABLE {self.name}{body}' + (' ' + ', '.join(options) if options else '')

    def value(self, c, n):
        """A value for row n that no rule of the table refuses (mostly)."""
        rng = self.rng
        if c.references:
            return rng.choice([None, 1, 2, 3]) if not c.not_null and not c.unique else rng.randint(1, 3)
        if c.primary or c is self.columns[0] and self.key in ('column', 'table'):
            if self.strict and c.type in ('TEXT',):
                return f'k{n}'
            if self.strict and c.type == 'BLOB':
                return b'k%d' % n
            return n
        if rng.random() < 0.15 and not c.not_null:
            return None
        if self.strict:
            return {'INT': 1000 + n, 'INTEGER': 2000 + n, 'REAL': n + 0.5, 'TEXT': f'text {n}',
                    'BLOB': b'\0\1' + bytes([n % 256]), 'ANY': rng.choice([n + 100, f'any {n}'])}[c.type]
        return rng.choice([n + 1000, f'text {n}', n + 0.25, b'blob %d' % n, str(n + 5000), f'0{n}'])

    def build(self, db):
        """Creates the table, its relatives and its rows."""
        rng = self.rng
        db.execute('CREATE TABLE p (id integer PRIMARY KEY, v)')
        db.executemany('INSERT INTO p VALUES (?, ?)', [(1, 'x'), (2, 'y'), (3, 'z')])
        db.execute(self.sql)
        db.execute('CREATE TABLE log (what)')
        writable = [c for c in self.columns if not c.generated]
        for n in range(1, rng.choice([0, 1, 5, 20]) + 1):
            values = [self.value(c, n * 3) for c in writable]
            db.execute('INSERT OR IGNORE INTO t (%s) VALUES (%s)' % (
                ', '.join(quote(c.name) for c in writable), ', '.join('?' * len(values))), values)
        if self.key == 'auto' and rng.random() < 0.5:
            db.execute('DELETE FROM t WHERE %s = (SELECT max(%s) FROM t)' % (
                (quote(self.columns[0].name),) * 2))
        first = quote(self.columns[0].name)
        second = quote(self.columns[1].name)
        if rng.random() < 0.5:
            db.execute(f'CREATE INDEX i1 ON t ({second} /* why */ DESC)')
        if rng.random() < 0.3:
            db.execute(f"CREATE UNIQUE INDEX [i 2] ON t ({first}, {second}) WHERE {second} <> 'zz'")
        if rng.random() < 0.3:
            db.execute(f'CREATE INDEX i3 ON t (length({second}))')
        if rng.random() < 0.4:
            db.execute(f"CREATE TRIGGER tr AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.{first}); "
                       'END')
        if rng.random() < 0.3:
            db.execute(f"CREATE TEMP TRIGGER ttr AFTER DELETE ON t BEGIN SELECT old.{first}; END")
        if rng.random() < 0.4:
            db.execute(f'CREATE VIEW v AS SELECT {first} AS one, count(*) AS n FROM t')
        if rng.random() < 0.1:
            db.execute('CREATE VIEW broken AS SELECT nix FROM nowhere')
        if self.key in ('rowid', 'auto') and rng.random() < 0.6:
            db.execute(f'CREATE TABLE child (id integer PRIMARY KEY, t_id REFERENCES t ({first}) ON DELETE '
                       'CASCADE)')
            db.execute(f'INSERT INTO child (t_id) SELECT {first} FROM t')
            if rng.random() < 0.3:
                db.execute('INSERT INTO child (t_id) VALUES (123456)')
        if rng.random() < 0.3:
            db.execute('ANALYZE')


def written(rng, name):
    """The name as someone may write it."""
    forms = [quote(name)]
    if '`' not in name:
        forms.append(f'`{name}`')
    if ']' not in name:
        forms.append(f'[{name}]')
    if name.isidentifier() and name.lower() not in ('order', 'group'):
        forms += [name, name, name, name.upper() if name.isascii() else name]
    return rng.choice(forms)


def statements(rng, table):
    """A run of statements about t."""
    names = [c.name for c in table.columns if not c.generated]
    found = []
    for number in range(rng.randint(2, 5)):
        name = rng.choice(names)
        q = written(rng, name)
        other = written(rng, rng.choice(names))
        action = rng.choice([
            f'ALTER {q} SET NOT NULL', f'ALTER {q} DROP NOT NULL', f"ALTER {q} SET DEFAULT 'd{number}'",
            f'ALTER {q} DROP DEFAULT', f'ADD CONSTRAINT c{number} CHECK ({q} IS NOT {number + 900})',
            f'DROP CONSTRAINT IF EXISTS c{rng.randint(0, 4)}', f'ADD COLUMN x{number} text',
            f'ADD COLUMN x{number} int DEFAULT {number}', f'DROP COLUMN IF EXISTS x{rng.randint(0, 4)} CASCADE',
            f"ADD COLUMN x{number} text DEFAULT lower('X')",
            f'ALTER {q} TYPE {rng.choice(["int", "text", "blob", "real"])}',
            f"ALTER {q} TYPE text USING coalesce({other}, '-') || 'u{number}'",
            f'RENAME COLUMN {q} TO {quote(name + "r")}',
            f'RENAME CONSTRAINT c{rng.randint(0, 4)} TO cc{number}',
            f'DROP CONSTRAINT IF EXISTS {quote("t_" + name + rng.choice(["_check", "_key", "_check1", "_fkey"]))}',
            f'ALTER COLUMN {q} SET NOT NULL, ADD CHECK ({other} IS NOT {number + 800}), ALTER {q} SET DEFAULT 5',
        ])
        if action.startswith('RENAME COLUMN'):
            names[names.index(name)] = name + 'r'
        found.append(f'ALTER TABLE t {action}')
    return found
