#!/usr/bin/python3
"""ADD COLUMN and DROP COLUMN through Limbeck leave what SQLite's own leaves, also where a table with few rows is made
anew for it: the same texts in the same order, the same rows under the same rowids, sound indexes, nobody disturbed.

    few.py      LIMBECK_TABLES sets the number of random tables, LIMBECK_SEED tries one
"""
from database import *
from tables import Table

VERSION = sqlite3.sqlite_version_info
TABLE_NAMES = ['t', 'T', 'two words', 'select', "it's", '[left', 'b`t', 'ключ', 'e"f', 'main', 'x~old']
COLUMN_NAMES = ['added', 'Added 2', 'rowid', 'oid', '_ROWID_', 'order', 'нов', 'q"q', "it''s", '[x', 'check']
COLUMN_TYPES = ['', 'int', 'INTEGER', 'text', 'varchar(20)', 'numeric(10, 2)', 'REAL', 'blob', 'any', '"odd type"']
DEFAULTS = ['1', '0', '-1', '-0', '+5', '007', '123456789', '1234567890', '-9223372036854775808', '99999999999999999999',
            '1.5', '1.50', '1e2', '-2.0', '.5', '0x10', '0xffffffffff', "'text'", "''", "'12'", "'012'", "' 7 '", "'1e3'",
            "'0x10'", "'it''s'", "'-5'", "x'00ff'", "x''", "X'31'", 'NULL', 'null', 'true', 'FALSE', '"quoted"', 'word',
            '(5)', "('a')", 'CURRENT_TIMESTAMP', '(1 + 1)', "'1.0'", "'9999999999999999999999'", '- 3', "'\n'"]
PLAIN = ['1', '-1', "'text'", "x'00ff'", 'NULL']


def column(rng, name):
    parts = [quote(name), rng.choice(COLUMN_TYPES)]
    clauses = []
    if rng.random() < 0.7:
        clauses.append('DEFAULT ' + rng.choice(DEFAULTS + PLAIN * 10))
    if rng.random() < 0.2:
        clauses.append(rng.choice(['NOT NULL', 'NULL', 'not /* ! */ null', 'CONSTRAINT c1 NOT NULL']))
    if rng.random() < 0.1:
        clauses.append(rng.choice(['COLLATE nocase', 'CHECK (1)', 'UNIQUE',
                                   'GENERATED ALWAYS AS (1)']))
    rng.shuffle(clauses)
    return rng.choice([' ', '  ', '\n', ' /* c */ ']).join(p for p in parts + clauses if p)


class Story:
    """One random database, made twice, and a change of its table t."""

    def __init__(self, seed):
        self.rng = rng = random.Random(seed)
        self.seed = seed
        plain = rng.random() < 0.7  # what may be made anew
        self.table = Table(rng)
        while VERSION < (3, 37) and self.table.strict or plain and self.is_special():
            self.table = Table(rng)
        self.name = rng.choice(TABLE_NAMES) if rng.random() < 0.4 else 't'
        self.statements = []
        self.setting()
        self.objects('before', rng.choice([0, 10, 40, 60]))
        self.make()
        self.objects('after', rng.choice([0, 0, 0, 1, 10]))
        self.change()

    def is_special(self):
        t = self.table
        return t.strict or t.without_rowid or t.key == 'auto' or any(c.generated for c in t.columns)

    def add(self, sql, *values):
        self.statements.append((sql, values))

    def setting(self):
        rng = self.rng
        self.add(f'PRAGMA auto_vacuum = {rng.choice([0, 0, 1, 2])}')
        self.add(f"PRAGMA encoding = '{rng.choice(['UTF-8', 'UTF-8', 'UTF-8', 'UTF-16le', 'UTF-16be'])}'")
        self.add(f'PRAGMA page_size = {rng.choice([512, 4096, 4096])}')
        self.add(f'PRAGMA secure_delete = {rng.choice([0, 1])}')

    def objects(self, word, count):
        """What makes the schema large, with holes between."""
        for i in range(count):
            self.add(f'CREATE TABLE {word}{i} (id INTEGER PRIMARY KEY, a UNIQUE, b text DEFAULT 7, c, d, e, f, g)')
            self.add(f'CREATE INDEX {word}{i}b ON {word}{i} (b)')
        for i in range(0, count, 7):
            self.add(f'DROP TABLE {word}{i}')

    def make(self):
        rng, table = self.rng, self.table
        self.add('CREATE TABLE p (id INTEGER PRIMARY KEY, v)')
        self.add("INSERT INTO p VALUES (1, 'x'), (2, 'y'), (3, 'z')")
        self.add(table.sql)
        names = [quote(c.name) for c in table.columns if not c.generated]
        first, second = names[0], names[-1]
        indexes = [f'CREATE INDEX i1 ON t ({second} /* why */ DESC)',
                   f"CREATE UNIQUE INDEX [i 2] ON t ({first}, {second}) WHERE {second} <> 'zz' -- the end",
                   f'CREATE INDEX i3 ON t (length({second}))', f'create index "i\'4" on t({first} collate rtrim)',
                   f'CREATE INDEX /* 5 */ i5 ON t ({first})   ']
        for sql in rng.sample(indexes, rng.choice([0, 0, 1, 1, 2, 4])):
            if rng.random() < 0.2:
                self.objects('between', 1)
            self.add(sql)
        late = rng.choice(DEFAULTS)
        for i in range(rng.choice([0, 0, 1, 2, 5, 9, 20, 60])):
            values = [table.value(c, i * 3) for c in table.columns if not c.generated]
            self.add(f"INSERT OR IGNORE INTO t ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})", *values)
        if rng.random() < 0.2:
            self.add(f'UPDATE t SET {second} = ?', rng.choice([b'', '', 'a\0b', 2**62, -1e300, float('inf')]))
        if rng.random() < 0.05:
            self.add(f'UPDATE t SET {second} = ?', 'long ' * rng.choice([300, 3000]))
        if rng.random() < 0.3:
            self.add(f'ALTER TABLE t ADD COLUMN late {rng.choice(COLUMN_TYPES)} DEFAULT {late}')
        if rng.random() < 0.1:
            self.add('DELETE FROM t WHERE rowid > 0')
        if rng.random() < 0.1:
            self.add(f'UPDATE t SET rowid = {rng.choice([-7, 2**63 - 2])} WHERE rowid = 1')
        surroundings = [f'CREATE TABLE child (id REFERENCES t ({first}))', 'ANALYZE', 'CREATE TEMP TABLE x (y)',
                        'CREATE VIEW v AS SELECT * FROM t', f'CREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT 1; END',
                        "ATTACH ':memory:' AS aux", 'PRAGMA ignore_check_constraints = ON']
        if rng.random() < 0.2:
            self.add(rng.choice(surroundings))
        if self.name != 't':
            self.add(f'ALTER TABLE t RENAME TO {quote(self.name)}')
        self.add(f'PRAGMA foreign_keys = {rng.choice(["ON", "OFF", "OFF", "OFF"])}')

    def change(self):
        rng = self.rng
        t = quote(self.name)
        loss = [c.name for c in self.table.columns if not c.primary] + ['late']
        kinds = {'add': lambda: f'ALTER TABLE {t} ADD COLUMN {column(rng, rng.choice(COLUMN_NAMES))}',
                 'drop': lambda: f'ALTER TABLE {t} DROP COLUMN {quote(rng.choice(loss))}'}
        kind = rng.choice(['add', 'add', 'drop' if VERSION >= (3, 35, 5) else 'add'])
        self.changes = [kinds[kind]()]
        if rng.random() < 0.2:
            self.changes.append(kinds['add']())
        if rng.random() < 0.1:  # the same table by its schema's name
            self.changes = [sql.replace('TABLE ', 'TABLE main.', 1) for sql in self.changes]
        self.transaction = rng.random() < 0.3

    def database(self, loaded):
        """Whether SQLite takes a statement is the same for both."""
        db = connect() if loaded else sqlite3.connect(':memory:', isolation_level=None)
        db.text_factory = bytes
        for sql, values in self.statements:
            try:
                db.execute(sql, values)
            except (sqlite3.Error, OverflowError):
                pass
        return db


def ask(db, sql):
    try:
        return db.execute(sql).fetchall()
    except sqlite3.Error as e:
        return str(e)


def seen(db, name):
    """All that can be seen of the table and its surroundings."""
    t = quote(name)
    found = {'schema': ask(db, 'SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY rowid'),
             'temp': ask(db, 'SELECT type, name, sql FROM sqlite_temp_master')}
    for pragma in ('table_xinfo', 'index_list', 'foreign_key_list'):
        found[pragma] = ask(db, f'PRAGMA {pragma}({t})')
    if not isinstance(found['index_list'], str):
        found['indexes'] = [ask(db, f'PRAGMA index_xinfo({quote(row[1].decode())})') for row in found['index_list']]
    columns = ', '.join(f'typeof({c}), {c}, quote({c})' for c in
                        (quote(row[1].decode()) for row in found['table_xinfo']))
    found['rows'] = [ask(db, f'SELECT {rowid}, {columns} FROM {t} NOT INDEXED ORDER BY 1')
                     for rowid in ('rowid', '_rowid_', 'oid')]
    for table in ('sqlite_sequence', 'sqlite_stat1', 'sqlite_stat4', 'p', 'child'):
        found[table] = ask(db, f'SELECT * FROM {table}')
    for pragma in ('integrity_check', 'foreign_key_check', 'foreign_keys', 'writable_schema', 'auto_vacuum'):
        found[pragma] = ask(db, f'PRAGMA {pragma}')
    found['rowid'] = ask(db, 'SELECT last_insert_rowid()')
    return found


def used(db, name):
    """What the table does with what comes."""
    ask(db, f'INSERT INTO {quote(name)} DEFAULT VALUES')
    ask(db, f'UPDATE {quote(name)} SET added = 5')
    ask(db, f'DELETE FROM {quote(name)} WHERE typeof(rowid) = \'integer\' AND rowid % 2')
    ask(db, f'PRAGMA schema_version = {ask(db, "PRAGMA schema_version")[0][0] + 1}')  # read the schema anew
    return seen(db, name)


def native(db, sql):
    try:
        db.execute(sql)
        return True
    except sqlite3.Error:
        return False


def way_of(statements):
    """How it was done, by what ran: a rebuild lays out the text in its own way."""
    found = [sql for sql in statements if sql.startswith(('DROP TABLE', 'ALTER TABLE', 'UPDATE "main".sqlite_master'))]
    if any('RENAME TO' in sql or sql.startswith('UPDATE') and 'rootpage' not in sql and 'SET rowid' not in sql
           for sql in found):
        return 'a rebuild'
    if any(sql.startswith('DROP TABLE main.') and '~old' not in sql for sql in found):
        return 'made anew'
    return 'a copy' if any(sql.startswith('DROP TABLE') for sql in found) else 'native' if found else 'a rebuild'


def one(seed, count):
    """Answers with the way that was gone."""
    story = Story(seed)
    own, theirs = story.database(True), story.database(False)
    if story.transaction:
        own.execute('BEGIN')
        theirs.execute('BEGIN')
    if not all([native(theirs, sql) for sql in story.changes]):
        return 'refused by SQLite'  # a rebuild may do it, which other tests try
    statements = []
    own.set_trace_callback(lambda sql: statements.append(sql.removeprefix('-- ')))
    try:
        own.execute('SELECT migrate_exec(?)', ('; '.join(story.changes),)).fetchall()
    except sqlite3.Error as e:
        count.check(False, f'seed {seed}: refused {story.changes}: {e}')
        return 'failed'
    own.set_trace_callback(None)
    way = way_of(statements)
    if way == 'a rebuild':
        return way
    for look in (seen, used):
        a, b = look(own, story.name), look(theirs, story.name)
        for key in b:
            if not count.check(a[key] == b[key], f'seed {seed}: {key} after {look.__name__}, {way}, {story.changes}'):
                print(f'# {story.table.sql}')
                for pair in zip(a[key], b[key]):
                    if pair[0] != pair[1]:
                        print(f'# own    {pair[0]}\n# theirs {pair[1]}'[:1000])
    if story.transaction:
        own.execute('ROLLBACK')
        theirs.execute('ROLLBACK')
        count.check(seen(own, story.name) == seen(theirs, story.name), f'seed {seed}: rolled back, {story.changes}')
    return way


def main():
    count = Count()
    tally = {}
    tried = seeds(1000)
    for seed in tried:
        way = one(seed, count)
        tally[way] = tally.get(way, 0) + 1
    for way, times in sorted(tally.items()):
        print(f'# {times} {way}')
    if len(tried) > 100:
        count.check(tally.get('made anew', 0) > len(tried) // 15, 'few tables were made anew')
    count.finish()


main()
