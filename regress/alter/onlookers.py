#!/usr/bin/python3
"""ADD COLUMN and DROP COLUMN of a table with few rows while others look on: an authorizer that forbids or ignores any
one thing, hooks, statements that read, a file that defends itself, texts that SQLite would not take again. Nothing is
lost, and what can't be made anew SQLite alters itself.

    onlookers.py
"""
import ctypes

from database import *

library = ctypes.CDLL('libsqlite3.so.0')
count = Count()
ADD = "ALTER TABLE t ADD COLUMN n int DEFAULT 5"
DROP = 'ALTER TABLE t DROP COLUMN c'
BOTH = (ADD, DROP) if sqlite3.sqlite_version_info >= (3, 35, 5) else (ADD,)  # what SQLite itself can do
ROWS = [(1, 'one', None, 1.5), (2, 'two', b'\0x', None)]


def handle(db):
    """The sqlite3 * of a connection, which stands behind the head of a Python object."""
    return ctypes.c_void_p.from_address(id(db) + object.__basicsize__)


def prepared(last=True, size=30):
    """A large schema, t of which is the last or somewhere in it."""
    db = connect()

    def fill(word, number):
        for i in range(number):
            db.execute(f'CREATE TABLE {word}{i} (id INTEGER PRIMARY KEY, a, b text, c, d, e, f, g)')
            db.execute(f'CREATE INDEX {word}{i}b ON {word}{i} (b, c)')

    fill('one', size)
    db.execute('CREATE TABLE t (id INTEGER PRIMARY KEY, a text UNIQUE, b, c real)')
    db.executemany('INSERT INTO t VALUES (?, ?, ?, ?)', ROWS)
    db.execute('CREATE INDEX tb ON t (b DESC)')
    if not last:
        fill('two', 10)
    return db


def alter(db, sql):
    """None, or the error."""
    try:
        db.execute('SELECT migrate_exec(?)', (sql,)).fetchall()
        return None
    except sqlite3.Error as e:
        return str(e)


def anew(db, sql):
    """Alters; True when the table was made anew."""
    ran = []
    db.set_trace_callback(ran.append)
    error = alter(db, sql)
    db.set_trace_callback(None)
    if error is not None:
        raise AssertionError(error)
    return any('DROP TABLE main."t"' in sql for sql in ran)


def all_there(db):
    try:
        return looks_whole(db)
    except sqlite3.Error as e:
        print(f'# {e}')
        return False


def looks_whole(db):
    """Rows, both indexes, soundness; also as another connection would read it."""
    for _ in range(2):
        if [r[:3] for r in db.execute('SELECT id, a, b FROM t ORDER BY id')] != [r[:3] for r in ROWS] or \
                sorted(r[1] for r in db.execute('PRAGMA index_list(t)')) != ['sqlite_autoindex_t_1', 'tb'] or \
                db.execute('PRAGMA integrity_check').fetchall() != [('ok',)] or \
                db.execute('PRAGMA writable_schema').fetchone() != (0,):
            return False
        db.execute(f'PRAGMA schema_version = {db.execute("PRAGMA schema_version").fetchone()[0] + 1}')
    return True


def authorizers():
    """Each thing that is asked for is denied or ignored, one at a time."""
    for sql, last, size in ((ADD, True, 30), (ADD, False, 30), (DROP, True, 30), (DROP, False, 30), (DROP, True, 0)):
        if sql not in BOTH:
            continue
        asked = []
        db = prepared(last, size)
        db.set_authorizer(lambda *what: asked.append(what[:4]) or sqlite3.SQLITE_OK)
        count.check(anew(db, sql) == (size > 0), 'an authorizer alone is in the way', sql)
        allow_all(db)
        wanted = objects(db)
        for what in dict.fromkeys(asked):
            for verdict in (sqlite3.SQLITE_DENY, sqlite3.SQLITE_IGNORE):
                db = prepared(last, size)
                before = objects(db)
                db.set_authorizer(lambda *now: verdict if now[:4] == what else sqlite3.SQLITE_OK)
                error = alter(db, sql)
                allow_all(db)
                now = objects(db)
                count.check(all_there(db) and (now == wanted or now == before), 'lost by an authorizer', sql, what,
                            verdict, error, [r for r in now if r not in wanted][:3])


def hidden_columns():
    """A column that an authorizer hides is read as NULL: not by us."""
    for column in ('id', 'a', 'b', 'c', 'ROWID'):
        db = prepared()
        db.set_authorizer(lambda action, one, two, *_: sqlite3.SQLITE_IGNORE if
                          (action, one, two) == (sqlite3.SQLITE_READ, 't', column) else sqlite3.SQLITE_OK)
        alter(db, ADD)
        allow_all(db)
        count.check(db.execute('SELECT id, a, b, c FROM t').fetchall() == ROWS and all_there(db), 'hidden', column)
    db = prepared()
    db.set_authorizer(lambda action, one, *_: sqlite3.SQLITE_IGNORE if
                      (action, one) == (sqlite3.SQLITE_INSERT, 't') else sqlite3.SQLITE_OK)
    error = alter(db, 'ALTER TABLE t ADD UNIQUE (b)')
    allow_all(db)
    count.check("the application's authorizer ignores a statement that inserts rows" in (error or '') and all_there(db),
                'rows that can\'t be inserted', error)
    db = prepared()
    db.set_authorizer(lambda action, one, two, *_: sqlite3.SQLITE_IGNORE if
                      (action, one, two) == (sqlite3.SQLITE_READ, 'sqlite_master', 'sql') else sqlite3.SQLITE_OK)
    error = alter(db, DROP)
    allow_all(db)
    count.check('the definition of "t" is hidden by the application\'s authorizer' in (error or '') and all_there(db),
                'a hidden definition', error)


def hooks():
    """Who follows the rows by a preupdate hook, as sessions do, sees none of them; an update hook sees them
    inserted."""
    for name, arguments, quiet in (('preupdate', 7, True), ('update', 5, False)):
        install = getattr(library, f'sqlite3_{name}_hook', None)
        if install is None:
            continue
        events = []
        kinds = {7: [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p,
                     ctypes.c_int64, ctypes.c_int64],
                 5: [ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int64]}[arguments]
        hook = ctypes.CFUNCTYPE(None, *kinds)(lambda *what: events.append(what))
        for sql in BOTH:
            db = prepared()
            install(handle(db), hook, None)
            was_anew = anew(db, sql)
            install(handle(db), None, None)
            seen = [what for what in events if b't' in what]
            count.check(was_anew != quiet and (not seen if quiet else len(seen) == len(ROWS)), name, sql, events)
            count.check(all_there(db), f'not all is there after a {name} hook', sql)
            events.clear()


def readers():
    """While a statement reads, DROP TABLE would be refused: Limbeck says so at once, and the statement goes on."""
    for begin in ('SELECT 1', 'BEGIN'):
        db = prepared()
        db.execute(begin)
        cursor = db.execute('SELECT id FROM t ORDER BY id')
        count.check(cursor.fetchone() == (1,), 'no row')
        error = alter(db, ADD)
        count.check('while another statement is open' in (error or '') and cursor.fetchall() == [(2,)],
                    'a statement that reads', error)
        count.check(alter(db, ADD) is None and all_there(db), 'not all is there after a statement that reads')


def objects(db):
    """schema() would open the TEMP database."""
    return db.execute('SELECT name, sql FROM main.sqlite_master ORDER BY rowid').fetchall()


def settings():
    """What t is made of is no longer taken, or nobody may write to sqlite_schema: SQLite alters it itself."""
    db_config = library.sqlite3_db_config
    stories = {
        'DEFENSIVE, last': (True, (), [(1010, 1)], True),
        'DEFENSIVE, not last': (False, (), [(1010, 1)], False),
        'strings in double quotes': (True, ('CREATE INDEX dq ON t (a) WHERE b <> "x y"',), [(1013, 0), (1014, 0)], False),
        'a collation is missing': (True, ('CREATE INDEX co ON t (a COLLATE own)',), [], False),
    }
    for name, (last, extra, switches, wanted) in stories.items():
        for sql in BOTH:
            db = prepared_with_own(last, extra)
            for which, value in switches:
                db_config(handle(db), ctypes.c_int(which), ctypes.c_int(value), None)
            before = objects(db)
            # what SQLite can't read it does not drop a column of; an ALTER of another table comes after
            ran = []
            db.set_trace_callback(ran.append)
            error = alter(db, f'{sql}; ALTER TABLE one1 ADD COLUMN n')
            db.set_trace_callback(None)
            was_anew = sum('DROP TABLE main."t"' in r for r in ran) == 1 and not any('ROLLBACK TO' in r for r in ran)
            found = db.execute('SELECT id, a, b FROM t NOT INDEXED').fetchall()
            count.check(found == [r[:3] for r in ROWS] and [r[0] for r in objects(db)] == [r[0] for r in before],
                        'something is lost', name, sql)
            count.check((error is None and was_anew == wanted) or (sql is DROP and extra and objects(db) == before),
                        name, sql, error, was_anew, [r for r in ran if 'main' in r])


def prepared_with_own(last, extra):
    """A function and a collation that are there while the indexes are made, and then not."""
    db = prepared(last)
    db.create_function('own', 1, lambda x: x, deterministic=True)
    db.create_collation('own', lambda a, b: (a > b) - (a < b))
    for sql in extra:
        db.execute(sql)
    db.create_function('own', 1, None)
    db.create_collation('own', None)
    return db


def sizes():
    """Many rows, and long ones, stay where they are; their number is found out at little cost."""
    steps = []
    for name, sql, wanted in (
            ('few', 'SELECT 1', True),
            ('many', 'WITH RECURSIVE n (i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) '
                     "INSERT INTO t SELECT i, 'row ' || i, i, i FROM n", False),
            ('long', "INSERT INTO t VALUES (3, 'long', randomblob(9000), 1)", False)):
        db = prepared()
        db.execute(sql)
        steps.append(0)

        def count_step():
            steps[-1] += 1

        db.set_progress_handler(count_step, 1)
        count.check(anew(db, ADD) == wanted, f'{name} rows')
        db.set_progress_handler(None, 0)
    count.check(steps[1] < steps[0] + 5000, f'many rows cost {steps} steps')


def asked_for_changes():
    for word, wanted in (('changes()', False), ('1', True)):
        db = prepared()
        body = f"UPDATE t SET c = 7; {ADD}; CREATE TABLE seen AS SELECT {word} AS n"
        count.check(anew(db, body) == wanted, f'a body that says {word}')
        count.check(word == '1' or db.execute('SELECT n FROM seen').fetchone() == (2,), 'changes() is another')


def many_statements():
    """A body of thousands of ALTERs, each of another table, is read once: memory grows with it, not with its square."""
    peaks = []
    highwater = library.sqlite3_memory_highwater
    highwater.restype = ctypes.c_int64
    for number in (250, 1000):
        db = connect()
        for i in range(2):
            db.execute(f'CREATE TABLE t{i} (a)')
        body = '; '.join(f'ALTER TABLE t{i % 2} ADD COLUMN x{i}' for i in range(number))
        highwater(1)
        before = highwater(1)
        alter(db, body)
        peaks.append(highwater(1) - before)
        count.check(len(db.execute('PRAGMA table_info(t1)').fetchall()) == number // 2 + 1, 'not all were added')
        db.close()
    print(f'# memory for 250 and 1000 statements: {peaks}')
    count.check(peaks[1] < peaks[0] * 6, 'memory grows faster than the body', peaks)


for test in (authorizers, hidden_columns, hooks, readers, settings, sizes, asked_for_changes, many_statements):
    test()
count.finish()
