#!/usr/bin/python3
"""Two ways, one result: with the rows left where they are, and by a table made anew.

Random tables with data and random ALTERs, in a file: once as Limbeck chooses, once with the first way barred.
The result is the same word for word, in schema, rows, statistics and refusals, and so is what the table takes
and refuses afterwards, on this connection and on another that knew the table before. A transaction rolled back
leaves nothing, neither in the file nor in the connection's mind. LIMBECK_TABLES: how many (500); LIMBECK_SEED:
only that one.

And which way is taken: SQLITE_DBCONFIG_DEFENSIVE bars the first, too.
"""
import os
import subprocess
import tempfile

from database import *
from tables import Table, statements, written


def make(path, seed):
    rng = random.Random(seed)
    db = connect(path)
    db.execute(f"PRAGMA encoding = {rng.choice(['utf8', 'utf8', 'utf16le', 'utf16be'])!r}")
    db.execute(f'PRAGMA auto_vacuum = {rng.choice([0, 0, 1, 2])}')
    db.execute('PRAGMA journal_mode = MEMORY')
    db.execute('PRAGMA synchronous = OFF')
    table = Table(rng)
    table.build(db)
    # Rows that end before a column: they take its DEFAULT.
    for number in range(rng.choice([0, 0, 1, 2])):
        kind = rng.choice(["int DEFAULT '007'", "text DEFAULT 1.50", 'blob DEFAULT 7', "text NOT NULL DEFAULT 'e'",
                           'real DEFAULT 3', 'numeric', 'text'])
        if table.strict:
            kind = 'TEXT'
        db.execute(f'ALTER TABLE t ADD COLUMN late{number} {kind}')
        if rng.random() < 0.5:
            db.execute(f'CREATE INDEX ilate{number} ON t (late{number})')
        if rng.random() < 0.3:
            names = ', '.join(quote(c.name) for c in table.columns if not c.generated)
            db.execute(f'INSERT OR IGNORE INTO t ({names}, late{number}) SELECT {names}, 9 FROM t WHERE false')
    db.execute('PRAGMA foreign_keys = ON')
    return rng, db, table


def story(rng, table, db):
    """What is to be done to the table: a list of bodies."""
    late = [r[0] for r in db.execute("SELECT name FROM pragma_table_info('t') WHERE name LIKE 'late%'")]
    bodies = []
    for _ in range(rng.randint(1, 3)):
        c = rng.choice([c.name for c in table.columns if not c.generated] + late * 3)
        q = written(rng, c)
        types = ['int', 'varchar(9)', 'numeric', 'blob', 'real', 'text', 'timestamp', '"my type"', 'bigint', 'TEXT']
        action = rng.choice([
            f'ALTER {q} SET NOT NULL', f'ALTER {q} DROP NOT NULL', f"ALTER {q} SET DEFAULT '08'",
            f'ALTER {q} DROP DEFAULT', f'ALTER {q} TYPE {rng.choice(types)}', f'ALTER {q} TYPE {rng.choice(types)}',
            f'ALTER {q} TYPE {rng.choice(types)} COLLATE nocase', f'ADD CHECK (typeof({q}) <> {q} || 1)',
            f'ADD CONSTRAINT k CHECK (t.{q} > 0), ALTER {q} TYPE {rng.choice(types)}', f'ADD CHECK ({q} <> 9)',
            f'ADD CONSTRAINT f FOREIGN KEY ({q}) REFERENCES p', f'ALTER {q} SET DEFAULT 5, ALTER {q} SET NOT NULL',
            f"ADD CHECK ({q} <> '(' -- a comment\n)", f'ADD CHECK ({q} < 5000), ADD CHECK ({q} < 6000)',
        ])
        bodies.append(f'ALTER TABLE t {action}' if rng.random() < 0.8 else ';\n'.join(statements(rng, table)[:2]))
    return bodies


def outcome(db, sql):
    try:
        execute(db, sql)
        return 'done'
    except sqlite3.Error as error:
        return str(error)


def probe(db):
    """What the table takes and refuses now."""
    found = []
    names = [r[0] for r in db.execute("SELECT name FROM pragma_table_xinfo('t') WHERE hidden = 0 ORDER BY cid")]
    for sql in ['INSERT INTO t DEFAULT VALUES', f'INSERT INTO t VALUES ({", ".join(["NULL"] * len(names))})',
                f'''INSERT INTO t VALUES ({", ".join(["'055'"] * len(names))})'''] + \
            [f"UPDATE OR ABORT t SET {quote(n)} = {v}" for n in names for v in ('NULL', "'077'")]:
        db.execute('SAVEPOINT probe')
        try:
            db.execute(sql)
            found.append((sql, rows(db, 't')))
        except sqlite3.Error as error:
            found.append((sql, str(error)))
        if db.in_transaction:
            db.execute('ROLLBACK TO probe')
            db.execute('RELEASE probe')
    return found


def rootpage(db):
    return db.execute("SELECT rootpage FROM sqlite_master WHERE name = 't'").fetchone()


class Trial:
    """One table, and what is done to it."""

    def __init__(self, seed, work, count):
        self.seed, self.count = seed, count
        self.paths = [os.path.join(work, f'{seed}-{way}') for way in ('free', 'anew')]
        self.free = self.anew = None

    def check(self, good, *what):
        return self.count.check(good, f'seed {self.seed}:', *what)

    def run(self, tally):
        try:
            rng, self.free, table = make(self.paths[0], self.seed)
            _, self.anew, _ = make(self.paths[1], self.seed)
        except sqlite3.Error:
            return
        make_anew(self.anew)
        other = connect(self.paths[0])
        other.execute('PRAGMA foreign_keys = ON')
        probe(other)
        for body in story(rng, table, self.free):
            if not self.one(body, rng, tally):
                return
            seen, wanted = probe(other), probe(self.free)
            if not self.check(seen == wanted, 'another connection sees it in another way', body,
                              [pair for pair in zip(seen, wanted) if pair[0] != pair[1]][:1]):
                return

    def one(self, body, rng, tally):
        before = rootpage(self.free)
        if rng.random() < 0.3 and not self.rolled_back(body, rng):
            return False
        results = [outcome(db, body) for db in (self.free, self.anew)]
        way = 'refused' if results[0] != 'done' else 'in place' if rootpage(self.free) == before else 'anew'
        tally[way] = tally.get(way, 0) + 1
        states = [state(db) for db in (self.free, self.anew)]
        good = results[0] == results[1] and states[0] == states[1]
        if not self.check(good, 'not the same', way, body, results):
            for a, b in zip(*states):
                print('  ', a, '\n  ', b)
        for db in (self.free, self.anew):
            found = db.execute('PRAGMA integrity_check').fetchall()
            if not self.check(found == [('ok',)], 'damaged', way, body, found[:3]):
                return False
        return good and self.check(probe(self.free) == probe(self.anew), 'takes other rows', way, body)

    def rolled_back(self, body, rng):
        """In a transaction that is rolled back, to a savepoint or as a whole."""
        db = self.free
        was = state(db), probe(db)
        db.execute('BEGIN')
        if rng.random() < 0.5:
            db.execute('SAVEPOINT s')
            outcome(db, body)
            db.execute('ROLLBACK TO s')
            if not self.check((state(db), probe(db)) == was, 'something is left by ROLLBACK TO', body):
                return False
        outcome(db, body)
        db.execute('ROLLBACK')
        return self.check((state(db), probe(db)) == was, 'something is left by ROLLBACK', body)


CHOICES = [  # a change of t; whether its rows stay; which of its indexes i (on b) and k (on c) stay
    ('ALTER b SET NOT NULL', True, 'ik'), ('ADD CHECK (c > 0)', True, 'ik'),
    ('ADD FOREIGN KEY (a) REFERENCES t', True, 'ik'),
    ("ALTER b SET DEFAULT 'x'", True, 'ik'), ('ALTER b TYPE varchar(9), ADD CHECK (b > 0)', True, 'ik'),
    ('ALTER b TYPE int', True, 'k'), ('ALTER b TYPE int, ALTER c TYPE text', True, ''),
    ('ALTER c TYPE text', True, 'i'), ("ALTER c SET DEFAULT 'x'", True, 'ik'), ("ALTER d SET DEFAULT 'x'", False, 'ik'),
    ('ADD UNIQUE (b)', False, 'ik'), ('ALTER b TYPE text USING b || 1', False, 'k'),
    ('ADD UNIQUE (b), DROP c', False, 'i'),
    ('DROP CONSTRAINT t_pkey', False, 'ik'), ('ALTER a TYPE text', False, ''), ('DROP a, ADD f UNIQUE', False, 'ik'),
]


def choices(count):
    def roots(db):
        return dict(db.execute("SELECT name, rootpage FROM sqlite_master WHERE name IN ('t', 'i', 'k')"))

    for barred in (False, True):
        for change, rows_stay, indexes in CHOICES:
            db = connect()
            db.execute('CREATE TABLE t (a INTEGER PRIMARY KEY, b text, c real)')
            db.execute('CREATE INDEX i ON t (b, length(b)) WHERE b > 0')
            db.execute('CREATE INDEX k ON t (c)')
            db.execute("INSERT INTO t VALUES (7, '1', 2), (9, '3', 4)")
            db.execute('ALTER TABLE t ADD COLUMN d DEFAULT 5')
            if barred:
                make_anew(db)
            before = roots(db)
            execute(db, f'ALTER TABLE t {change}')
            after = roots(db)
            stays = [n for n in 'tik' if after.get(n) == before[n]]
            wanted = [] if barred else ['t'] * rows_stay + list(indexes)
            # An index that is made again may get its old page by chance, and the table never.
            good = set(wanted) <= set(stays) if not barred else 't' not in stays
            count.check(good and ('t' in stays) == ('t' in wanted), f'{change}, barred {barred}: {stays} stay')
            integrity(db)


def defensive(count):
    """The shell's .dbconfig defensive on: the table is made anew, and all is well."""
    script = f""".dbconfig defensive on
.load {LIBRARY}
CREATE TABLE t (a INTEGER PRIMARY KEY, b text);
INSERT INTO t VALUES (1, 'x');
CREATE TABLE before AS SELECT rootpage FROM sqlite_master WHERE name = 't';
SELECT migrate_exec('ALTER TABLE t ALTER b SET NOT NULL');
SELECT group_concat(b), (SELECT count(*) FROM sqlite_master, before WHERE name = 't' AND before.rootpage =
    sqlite_master.rootpage), (SELECT sql FROM sqlite_master WHERE name = 't') FROM t;
UPDATE sqlite_master SET sql = '';
"""
    done = subprocess.run(['sqlite3', '-batch', ':memory:'], input=script, capture_output=True, text=True)
    count.check('x|0|CREATE TABLE t (a INTEGER PRIMARY KEY, b text NOT NULL)' in done.stdout and
                'may not be modified' in done.stderr, 'defensive', done)


def hidden(count):
    """An authorizer that lets SQLite read NULL for a column: no way may write that back."""
    for change in ('ALTER b TYPE int', 'ADD UNIQUE (a)', "ALTER a TYPE text USING a || 'x'", 'ALTER a SET NOT NULL'):
        db = connect()
        db.execute('CREATE TABLE t (a text, b text, c AS (a))')
        db.execute("INSERT INTO t VALUES ('1', '2')")
        before = state(db)
        db.set_authorizer(lambda action, a, b, *_: sqlite3.SQLITE_IGNORE if (action, b) ==
                          (sqlite3.SQLITE_READ, 'b') else sqlite3.SQLITE_OK)
        error = outcome(db, f'ALTER TABLE t {change}')
        db.set_authorizer(lambda *_: sqlite3.SQLITE_OK)
        count.check('column "b" of relation "t" is hidden by the connection\'s authorizer' in error and
                    state(db) == before, change, error)


def main():
    count = Count()
    tally = {}
    choices(count)
    hidden(count)
    defensive(count)
    memory = '/dev/shm' if os.path.isdir('/dev/shm') else None  # nothing here is about the disk
    with tempfile.TemporaryDirectory(dir=memory) as work:
        for seed in seeds(500):
            trial = Trial(seed, work, count)
            trial.run(tally)
            for path in trial.paths:
                if os.path.exists(path):
                    os.remove(path)
    for way, n in sorted(tally.items()):
        print(f'# {n} {way}')
    count.check(tally.get('in place', 0) > 0 or len(list(seeds(500))) < 50, 'no rows were left where they are')
    count.finish()


main()
