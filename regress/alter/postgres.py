#!/usr/bin/python3
"""The same ALTERs on the same tables in SQLite and in PostgreSQL: the same success, the same words of
refusal, the same rows, columns and constraint names.

LIMBECK_TABLES: how many tables (250); LIMBECK_SEED: only that one.
"""
import re

import psycopg2

from cluster import cluster
from database import *

NAMES = ['a', 'b', 'total', 'user_id', '"full name"', '"Upper"', 'note', 'ключ',
         'a_rather_long_name_for_a_column_of_any_table_at_all', 'another_long_name_of_which_there_are_two_xx']
TABLES = ['t', 'orders', '"Odd table"', 'a_table_with_a_name_that_is_long_enough_to_be_cut_off']


class Made:
    """A random table that both engines take, and what is known of it."""

    def __init__(self, rng):
        self.rng = rng
        self.name = rng.choice(TABLES)
        self.columns = rng.sample(NAMES, rng.randint(2, 5))
        self.kinds = {c: rng.choice(['integer', 'integer', 'text']) for c in self.columns}
        self.busy = set()  # columns whose type a constraint or default depends on
        self.used = set()
        self.number = 0
        self.in_key = set()  # columns that are or were in a primary key: NOT NULL in PostgreSQL alone

    def named(self):
        self.number += 1
        return self.rng.choice(['', '', '', f'CONSTRAINT n{self.number} ', f'CONSTRAINT "N {self.number}" '])

    def check(self, column):
        self.busy.add(column)
        if self.kinds[column] == 'integer':
            return f'{column} {self.rng.choice([">", "<>"])} {self.rng.choice([-5, -1, 3])}'
        return f"{column} <> '{self.rng.choice(['x', 'v1'])}'"

    def key(self, columns):
        """True when no key with these columns was made before."""
        fresh = tuple(sorted(columns)) not in self.used
        self.used.add(tuple(sorted(columns)))
        self.busy.update(columns)
        return fresh

    def constraint(self):
        """A table constraint."""
        rng = self.rng
        some = rng.sample(self.columns, rng.choice([1, 1, min(2, len(self.columns))]))
        kind = rng.choice(['check', 'check', 'unique', 'foreign', 'primary'])
        if kind == 'unique' and self.key(some):
            return f'{self.named()}UNIQUE ({", ".join(some)})'
        if kind == 'foreign' and self.kinds[some[0]] == 'integer':
            self.busy.add(some[0])
            return f'{self.named()}FOREIGN KEY ({some[0]}) REFERENCES p (id)' + \
                rng.choice(['', ' ON DELETE CASCADE'])
        if kind == 'primary' and rng.random() < 0.4 and self.key(some):
            return f'{self.named()}PRIMARY KEY ({", ".join(some)})'
        return f'{self.named()}CHECK ({" OR ".join(self.check(c) for c in some)})'

    def definition(self, column):
        rng = self.rng
        parts = [column, self.kinds[column]]
        if rng.random() < 0.2:
            parts.append('NOT NULL')
        if rng.random() < 0.3:
            self.busy.add(column)
            parts.append('DEFAULT ' + ('7' if self.kinds[column] == 'integer' else "'seven'"))
        if rng.random() < 0.2:
            parts.append(f'{self.named()}CHECK ({self.check(rng.choice([column] + self.columns))})')
        if rng.random() < 0.15 and self.key([column]):
            parts.append(f'{self.named()}UNIQUE')
        if rng.random() < 0.15 and self.kinds[column] == 'integer':
            self.busy.add(column)
            parts.append(f'{self.named()}REFERENCES p')
        return ' '.join(parts)

    def create(self):
        elements = ['rid integer NOT NULL'] + [self.definition(c) for c in self.columns]
        elements += [self.constraint() for _ in range(self.rng.choice([0, 1, 2, 3]))]
        if sum('PRIMARY KEY' in e for e in elements) > 1:
            elements = [e for e in elements if 'PRIMARY KEY' not in e]
        return f'CREATE TABLE {self.name} ({", ".join(elements)})'

    def row(self, n):
        rng = self.rng
        values = [str(n)]
        for c in self.columns:
            if rng.random() < 0.12:
                values.append('NULL')
            elif self.kinds[c] == 'integer':
                values.append(str(rng.randint(1, 6)))
            else:
                values.append(f"'v{rng.randint(1, 9)}'")
        return f'INSERT INTO {self.name} VALUES ({", ".join(values)})'

    def action(self, constraints):
        """One action; constraints are the names that PostgreSQL has now."""
        rng = self.rng
        c = rng.choice(self.columns)
        if rng.random() < 0.03:
            c = 'missing'
        known = rng.choice(constraints) if constraints else 'no_such_thing'
        kind = rng.choice(['null', 'not null', 'default', 'no default', 'type', 'add', 'drop', 'add column',
                           'drop column', 'rename', 'add'])
        if kind == 'null':
            return f'ALTER COLUMN {c} DROP NOT NULL'
        if kind == 'not null':
            return f'ALTER {c} SET NOT NULL'
        if kind == 'default':
            self.busy.add(c)
            return f'ALTER {c} SET DEFAULT ' + ('1 + 2' if self.kinds.get(c) == 'integer' else "'dd'")
        if kind == 'no default':
            return f'ALTER COLUMN {c} DROP DEFAULT'
        if kind == 'type' and c not in self.busy and c in self.kinds:
            if self.kinds[c] == 'integer':
                self.kinds[c] = 'text'
                return f'ALTER {c} TYPE text' + rng.choice(['', f" USING 'v' || {c}"])
            self.kinds[c] = 'integer'
            return f'ALTER COLUMN {c} SET DATA TYPE integer USING length({c})'
        if kind == 'drop':
            return f'DROP CONSTRAINT {rng.choice(["", "IF EXISTS "])}{quote(known)}' + \
                rng.choice(['', ' CASCADE', ' RESTRICT'])
        if kind == 'rename':
            self.number += 1
            return f'RENAME CONSTRAINT {quote(known)} TO r{self.number}'
        if kind == 'add column':
            fresh = [n for n in NAMES if n not in self.columns]
            if fresh:
                c = rng.choice(fresh)
                self.kinds[c] = rng.choice(['integer', 'text'])
                self.columns.append(c)
                text = self.definition(c)
                return f'ADD COLUMN {rng.choice(["", "IF NOT EXISTS "])}{text}'
        if kind == 'drop column' and len(self.columns) > 1 and c in self.columns:
            self.columns.remove(c)
            self.busy.discard(c)
            return f'DROP COLUMN {rng.choice(["", "IF EXISTS "])}{c}'
        return f'ADD {self.constraint()}'


class Postgres:
    def __init__(self, connection):
        self.cursor = connection.cursor()
        self.cursor.execute("SET client_min_messages = error")

    def start(self):
        self.cursor.execute('DROP SCHEMA IF EXISTS s CASCADE; CREATE SCHEMA s; SET search_path = s')

    def run(self, sql):
        """None, or the message of the error."""
        try:
            self.cursor.execute(sql)
        except psycopg2.Error as error:
            return error.diag.message_primary
        return None

    def ask(self, sql):
        self.cursor.execute(sql)
        return self.cursor.fetchall()

    def constraints(self):
        return [r[0] for r in self.ask(
            "SELECT conname FROM pg_constraint WHERE connamespace = 's'::regnamespace AND conrelid <> "
            "'p'::regclass ORDER BY 1")]

    def columns(self):
        return self.ask(
            "SELECT attname, attnotnull, atthasdef FROM pg_attribute JOIN pg_class ON attrelid ="
            " pg_class.oid WHERE relnamespace = 's'::regnamespace AND relkind = 'r' AND relname <> 'p' AND"
            " attnum > 0 AND NOT attisdropped ORDER BY attnum")


def bare(name):
    return name.strip('"')


def sqlite_columns(db, table):
    return [(n, bool(notnull), default is not None) for n, notnull, default in db.execute(
        'SELECT name, "notnull", dflt_value FROM pragma_table_info(?)', (bare(table),))]


def differ(made, theirs, ours, db):
    """Compares columns. A primary key makes its columns NOT NULL in PostgreSQL, for ever."""
    made.in_key |= {n for n, in db.execute('SELECT name FROM pragma_table_info(?) WHERE pk > 0',
                                           (bare(made.name),))}
    return [(n, n in made.in_key or notnull, default) for n, notnull, default in theirs] != \
        [(n, n in made.in_key or notnull, default) for n, notnull, default in ours]


def message(error):
    return re.sub(r'^migrate_exec\(\).*?column \d+: ', '', str(error).split('\n')[0])


def compare_names(db, made, names):
    """Drops every constraint by PostgreSQL's name for it; nothing must be left. Undone."""
    db.execute('BEGIN')
    try:
        for name in names:
            execute(db, f'ALTER TABLE {made.name} DROP CONSTRAINT {quote(name)}')
        text, = db.execute('SELECT sql FROM sqlite_master WHERE name = ?', (bare(made.name),)).fetchone()
        text = re.sub(r'/\*.*?\*/', '', text)
        left = re.search(r'\b(CHECK|UNIQUE|PRIMARY|REFERENCES)\b.*', text)
        return f'left: {left.group(0)}' if left else None
    except sqlite3.Error as error:
        return str(error)
    finally:
        db.execute('ROLLBACK')


def same(value):
    return None if value is None else str(value)


def try_one(seed, pg, count, tally):
    rng = random.Random(seed)
    db = connect()
    if seed % 2:
        make_anew(db)
    db.execute('PRAGMA foreign_keys = ON')
    pg.start()
    made = Made(rng)
    story = ['CREATE TABLE p (id integer PRIMARY KEY)', 'INSERT INTO p VALUES (1), (2), (3)', made.create()]
    for sql in story:
        refused = pg.run(sql)
        if refused:
            tally['not made: ' + refused.split('"')[0]] = tally.get('not made: ' + refused.split('"')[0], 0) + 1
            return
        db.execute(sql)
    differ(made, [], [], db)
    for n in range(rng.choice([0, 0, 3, 8])):
        sql = made.row(n)
        if pg.run(sql) is None:
            db.execute(sql)
            story.append(sql)

    def told(*what):
        count.check(False, f'seed {seed}:', *what, '\n  ' + ';\n  '.join(story))

    for _ in range(rng.choice([1, 2, 4])):
        columns = list(made.columns), dict(made.kinds), set(made.busy)
        actions = [made.action(pg.constraints())]
        if not actions[0].startswith('RENAME'):
            for _ in range(rng.choice([0, 0, 1, 2])):
                another = made.action(pg.constraints())
                if not another.startswith('RENAME') and not clash(actions, another):
                    actions.append(another)
        sql = f'ALTER TABLE {made.name} ' + ', '.join(actions)
        story.append(sql)
        theirs = pg.run(sql)
        try:
            execute(db, sql)
            ours = None
        except sqlite3.Error as error:
            ours = message(error)
        if theirs:
            made.columns, made.kinds, made.busy = columns
        if theirs and (theirs.endswith('is in a primary key') or theirs.startswith('invalid input')):
            return None  # SQLite drops a NOT NULL that stands beside PRIMARY KEY, and checks no types
        if ours:
            ours = re.sub(r'^no such column: (.*)', r'column "\1" does not exist', ours)
        if (theirs is None) != (ours is None):
            return told(f'PostgreSQL says {theirs!r}, SQLite says {ours!r}')
        if theirs:
            kind = re.sub(r'"[^"]*"', '_', theirs)
            tally[kind] = tally.get(kind, 0) + 1
            # Of several rules that are broken each engine names another one first.
            broken = 'contains null|could not create unique|is violated by some|violates foreign'
            if len(actions) == 1 and theirs != ours and \
                    not (re.search(broken, theirs) and re.search(broken, ours)):
                return told(f'PostgreSQL says {theirs!r}, SQLite says {ours!r}')
            story.pop()
            continue
        if differ(made, pg.columns(), sqlite_columns(db, made.name), db):
            return told('columns', pg.columns(), sqlite_columns(db, made.name))
        order = ', '.join(quote(c[0]) for c in pg.columns())
        query = f'SELECT {order} FROM {made.name} ORDER BY rid'
        if [tuple(map(same, r)) for r in pg.ask(query)] != \
                [tuple(map(same, r)) for r in db.execute(query)]:
            return told('rows', pg.ask(query), db.execute(query).fetchall())
        problem = compare_names(db, made, pg.constraints())
        if problem:
            return told('names', pg.constraints(), problem, db.execute(
                'SELECT sql FROM sqlite_master WHERE name = ?', (bare(made.name),)).fetchone()[0])
        tally['done'] = tally.get('done', 0) + 1
    count.check(True)


def clash(actions, another):
    """True when two actions of one statement are about one thing: each engine has its own order."""
    words = set(re.findall(r'"[^"]*"|\w+', another)) & (set(NAMES) | {'missing'})
    names = re.findall(r'CONSTRAINT (?:IF EXISTS )?("[^"]*"|\w+)', another)
    for a in actions:
        if words & set(re.findall(r'"[^"]*"|\w+', a)) or any(n in a for n in names):
            return True
        if 'DROP CONSTRAINT' in a or 'DROP CONSTRAINT' in another or 'DROP COLUMN' in a + another:
            return True
    return False


def main():
    count = Count()
    tally = {}
    with cluster() as connection:
        pg = Postgres(connection)
        for seed in seeds(250):
            try_one(seed, pg, count, tally)
    for reason, n in sorted(tally.items(), key=lambda t: -t[1])[:16]:
        print(f'# {n} {reason}')
    count.finish()


main()
