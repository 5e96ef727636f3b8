#!/usr/bin/python3
"""Calls in surroundings that a script in the shell cannot make: open cursors, other connections, WAL
snapshots, shared caches, authorizers, hostile files.

    calls.py EXTENSION
"""
import os
import shutil
import sqlite3
import sys
import threading
import time
import tempfile

EXTENSION = os.path.splitext(os.path.abspath(sys.argv[1]))[0]
passed = failed = 0
folder = tempfile.mkdtemp(prefix='limbeck-calls-')
files = 0


def check(name, good, said=None):
    global passed, failed
    print(('ok ' if good else 'not ok ') + name)
    if good:
        passed += 1
    else:
        failed += 1
        print(f'# {said!r}')


def connect(path=':memory:', **options):
    connection = sqlite3.connect(path, isolation_level=None, **options)
    connection.enable_load_extension(True)
    connection.load_extension(EXTENSION)
    connection.enable_load_extension(False)
    return connection


def new_path():
    global files
    files += 1
    return os.path.join(folder, f'{files}.db')


def ask(connection, sql, *values):
    """The single value, or all rows, or the error's text."""
    try:
        rows = connection.execute(sql, values).fetchall()
    except sqlite3.Error as e:
        return str(e)
    return rows[0][0] if len(rows) == 1 and len(rows[0]) == 1 else rows


def history(connection, *bodies):
    bodies = bodies or ('CREATE TABLE a (x)', 'CREATE TABLE b (x)', 'CREATE TABLE c (x)')
    for number, upgrade in enumerate(bodies, 1):
        downgrade = upgrade.replace('CREATE', 'DROP').replace(' (x)', '')
        said = ask(connection, 'SELECT migrate_revision(?, ?, ?, ?)', f'step {number}', upgrade,
                   downgrade, f'r{number}')
        assert said == f'r{number}', said
    return connection


def starts(name, said, *beginnings):
    check(name, isinstance(said, str) and all(b in said for b in beginnings), said)


def equals(name, said, expected):
    check(name, said == expected, said)


def versions(connection):
    return ask(connection, 'SELECT current FROM migrate_status()')


# --- statements open beside the call ----------------------------------------------------------------

def open_statements():
    c = history(connect())
    c.execute("CREATE TABLE t (x)")
    c.execute("INSERT INTO t VALUES ('r1'), ('r2'), ('r3')")
    for where in ('autocommit', 'transaction'):
        if where == 'transaction':
            c.execute('BEGIN')
        starts(f'{where}: not in a query of a table', ask(c, 'SELECT migrate_upgrade(x) FROM t'),
               'cannot be called by a statement that reads tables', 'without FROM')
        starts(f'{where}: not with a subquery', ask(c, 'SELECT migrate_upgrade((SELECT x FROM t))'),
               'cannot be called by a statement that reads tables')
        cursor = c.execute('SELECT x AS open_one FROM t')
        cursor.fetchone()
        starts(f'{where}: an open cursor is named', ask(c, 'SELECT migrate_upgrade()'),
               'another statement is open on this connection: "SELECT x AS open_one FROM t"')
        cursor.close()
        cursor = c.execute('SELECT 1 UNION ALL SELECT 2')
        cursor.fetchone()
        equals(f'{where}: an open query without tables is in nobody\'s way',
               ask(c, "SELECT migrate_upgrade('r1')"), 'upgraded base -> r1 (1 revision)')
        cursor.close()
        equals(f'{where}: down again', ask(c, "SELECT migrate_downgrade('base')"),
               'downgraded r1 -> base (1 revision)')
        starts(f'{where}: not in INSERT ... SELECT', ask(c, 'INSERT INTO t SELECT migrate_upgrade()'),
               'cannot be called inside a statement that writes', 'plain SELECT')
        if sqlite3.sqlite_version_info < (3, 35):
            continue  # RETURNING came with it
        cursor = c.execute('INSERT INTO t VALUES (4), (5) RETURNING x')
        cursor.fetchone()
        starts(f'{where}: not beside a half-fetched RETURNING', ask(c, 'SELECT migrate_upgrade()'),
               'while a statement that writes is still open')
        cursor.close()
    c.execute('ROLLBACK')
    equals('nothing was run', versions(c), 'base')
    cursor = c.execute('SELECT x FROM t')
    cursor.fetchone()
    equals('revisions are stored beside an open cursor',
           ask(c, "SELECT migrate_revision('more', 'SELECT 1', '', 'r4')"), 'r4')
    check('the cursor goes on', len(cursor.fetchall()) >= 2)
    equals('several at once out of a table', ask(
        c, "SELECT migrate_load('-- migrate:up' || char(10) || 'SELECT ' || x, x || '.sql') FROM "
           "(SELECT 8 AS x UNION ALL SELECT 9)"), [('8',), ('9',)])


# --- who may call -----------------------------------------------------------------------------------

def hostile_files():
    for opened in ('autocommit', 'transaction'):
        path = new_path()
        c = history(connect(path))
        c.execute('CREATE TABLE h (x)')
        c.execute('INSERT INTO h VALUES (1)')
        c.execute('PRAGMA writable_schema = 1')
        c.execute("UPDATE sqlite_master SET sql = 'CREATE TABLE h (x CHECK (migrate_upgrade() "
                  "IS NOT NULL))' WHERE name = 'h'")
        c.close()
        c = connect(path)
        if opened == 'transaction':
            c.execute('BEGIN')
        ask(c, 'PRAGMA quick_check')
        # Newer libraries do not even read such a schema.
        check(f'{opened}: a CHECK under quick_check runs nothing',
              versions(c) == 'base' or 'malformed' in versions(c), versions(c))
        starts(f'{opened}: a CHECK runs nothing', ask(c, 'INSERT INTO h VALUES (2)'), 'unsafe use of')
    c = history(connect())
    c.execute('CREATE TABLE t (x)')
    c.execute('CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT migrate_upgrade(); END')
    starts('not in a trigger', ask(c, 'INSERT INTO t VALUES (1)'), 'unsafe use of')
    c = history(connect(), 'CREATE TABLE e (x)', 'INSERT INTO e SELECT again()')
    c.create_function('again', 0, lambda: ask(c, "SELECT migrate_downgrade('base')"))
    equals('a body that calls back', ask(c, 'SELECT migrate_upgrade()'),
           'upgraded base -> r2 (2 revisions)')
    starts('is refused inside', ask(c, 'SELECT x FROM e'), 'while another call of Limbeck runs')


def bodies_read_twice():
    """What is too large to be kept until it runs is what was judged, or it does not run."""
    long = "INSERT INTO a VALUES ('" + 'x' * 999000 + "');\n"
    for name, change in (('', None),
                         (' and changed by a function', "UPDATE migrate_revision SET upgrade = 'CREATE TABLE z (x)'"),
                         (' and taken away by one', "DELETE FROM migrate_revision WHERE revision = 'r3'")):
        c = connect()
        c.create_function('meddle', 0, lambda: change and c.execute(change) and None)
        history(c, 'CREATE TABLE a (x)', 'SELECT meddle()', long + long, 'CREATE TABLE b (x)')
        said = ask(c, 'SELECT migrate_upgrade()')
        if change is None:
            equals('a long body' + name, said, 'upgraded base -> r4 (4 revisions)')
            equals('its rows', ask(c, 'SELECT count(*) FROM a'), 2)
        else:
            starts('a long body' + name, said, 'revision "r3" ', 'is no longer stored' if 'away' in name else
                   'cannot run: checksum')
            equals('nothing has happened', ask(c, "SELECT count(*) FROM sqlite_master WHERE name IN ('a', 'z')"), 0)


def ledger_by_trigger():
    c = history(connect(), 'CREATE TABLE e (x)', 'INSERT INTO t VALUES (1)')
    c.execute('CREATE TABLE t (x)')
    c.execute('CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM migrate_version; END')
    starts('a trigger that is there cannot change the ledger', ask(c, 'SELECT migrate_upgrade()'),
           'revision "r2" (upgrade), statement 1 of 1', "cannot change Limbeck's ledger")
    equals('nothing was run', versions(c), 'base')
    c.execute('DROP TRIGGER g')
    c.execute('CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO t2 SELECT * FROM migrate_version; END')
    c.execute('CREATE TABLE t2 (x)')
    equals('one that reads it may', ask(c, 'SELECT migrate_upgrade()'),
           'upgraded base -> r2 (2 revisions)')


# --- other connections ------------------------------------------------------------------------------

def other_connections():
    path = new_path()
    one, two = history(connect(path)), connect(path, timeout=0.05)
    one.execute('BEGIN IMMEDIATE')
    starts('another one writes', ask(two, 'SELECT migrate_upgrade()'), 'database is locked', 'busy_timeout')
    two.execute('BEGIN')
    starts('another one writes, in a transaction', ask(two, 'SELECT migrate_upgrade()'),
           'migrate_upgrade() cannot write: database is locked')
    check('the transaction goes on', two.in_transaction)
    one.execute('ROLLBACK')
    equals('then it runs', ask(two, 'SELECT migrate_upgrade()'), 'upgraded base -> r3 (3 revisions)')
    two.execute('ROLLBACK')
    cursor = one.execute('SELECT * FROM migrate_log')
    cursor.fetchone()
    starts('another one reads', ask(two, 'SELECT migrate_upgrade()'), 'cannot commit: database is locked')
    check('no transaction is left', not two.in_transaction)
    cursor.close()
    file = "SELECT migrate_load('-- migrate:up' || char(10) || 'SELECT 1;', '4_more.sql')"
    ask(one, file)
    one.execute('BEGIN IMMEDIATE')
    equals('who has nothing to do does not wait',
           (ask(two, "SELECT migrate_downgrade('base')"), ask(two, file)), ('already at base', '4'))
    one.execute('ROLLBACK')
    one.execute('PRAGMA journal_mode = wal')
    two.execute('BEGIN')
    two.execute('SELECT * FROM migrate_log').fetchall()
    one.execute('CREATE TABLE w (x)')
    starts('an old snapshot', ask(two, 'SELECT migrate_upgrade()'), 'reads an older state of the database')
    two.execute('ROLLBACK')
    cursor = two.execute('SELECT * FROM migrate_log')
    cursor.fetchone()
    one.execute('CREATE TABLE w2 (x)')
    starts('a cursor on an old snapshot', ask(two, "SELECT migrate_stamp('r1')"),
           'reads an older state of the database')
    cursor.close()
    equals('then it runs in WAL', ask(two, 'SELECT migrate_upgrade()'),
           'upgraded base -> 4 (4 revisions)')
    memory = 'file:shared?mode=memory&cache=shared'
    one = history(connect(memory, uri=True))
    two = connect(memory, uri=True)
    cursor = two.execute('SELECT * FROM migrate_revision, migrate_log')
    cursor.fetchone()
    starts('a reader of the same shared cache', ask(one, 'SELECT migrate_upgrade()'), 'shared cache reads')
    cursor.close()
    equals('nothing was run', versions(one), 'base')


def read_only():
    path = new_path()
    history(connect(path)).close()
    c = connect(f'file:{path}?mode=ro', uri=True)
    starts('a read-only connection', ask(c, 'SELECT migrate_upgrade()'),
           'migrate_upgrade() cannot write: the database is read-only')
    equals('it reads', ask(c, 'SELECT count(*) FROM migrate_history()'), 3)
    c = connect(path)
    c.execute('PRAGMA query_only = 1')
    starts('query_only', ask(c, 'SELECT migrate_upgrade()'), 'the database is read-only')
    c = connect(new_path())
    ask(c, 'SELECT * FROM migrate_history()'), ask(c, 'SELECT migrate_upgrade()')
    ask(c, 'SELECT migrate_graph()'), ask(c, "SELECT migrate_downgrade('base')")
    equals('reading and having nothing to do leaves an empty file empty',
           ask(c, 'SELECT count(*) FROM sqlite_master'), 0)


# --- the application's things ------------------------------------------------------------------------

def left_as_found():
    c = history(connect(), 'CREATE TABLE a (x); INSERT INTO a VALUES (1), (2)',
                'CREATE TABLE b (x); INSERT INTO b SELECT nothing')
    c.execute('CREATE TABLE mine (x)')
    c.execute('INSERT INTO mine VALUES (1)')
    calls = []
    c.set_authorizer(lambda *a: calls.append(a) or sqlite3.SQLITE_OK)
    c.set_trace_callback(lambda s: calls.append(s))
    before = [ask(c, f'PRAGMA {p}') for p in ('foreign_keys', 'busy_timeout', 'legacy_alter_table',
                                              'recursive_triggers', 'cache_size', 'query_only')]
    ask(c, "SELECT migrate_upgrade('r1')")
    ask(c, 'SELECT migrate_upgrade()')
    after = [ask(c, f'PRAGMA {p}') for p in ('foreign_keys', 'busy_timeout', 'legacy_alter_table',
                                             'recursive_triggers', 'cache_size', 'query_only')]
    equals('pragmas are as they were', after, before)
    equals('so is last_insert_rowid()', ask(c, 'SELECT last_insert_rowid()'), 1)
    calls.clear()
    ask(c, 'SELECT 1')
    check('authorizer and trace are still there', len(calls) > 0)
    c.set_trace_callback(None)
    deny = sqlite3.SQLITE_CREATE_TABLE
    c.set_authorizer(lambda action, *a: sqlite3.SQLITE_DENY if action == deny else sqlite3.SQLITE_OK)
    starts('what the authorizer forbids is an error', ask(c, "SELECT migrate_upgrade('r2')"),
           'revision "r2" (upgrade), statement 1 of 2', 'not authorized')
    check('no transaction is left', not c.in_transaction)
    for statement, what in ('BEGIN', 'begin'), ('COMMIT', 'commit'):
        c.set_authorizer(lambda action, one, *a: sqlite3.SQLITE_IGNORE
                         if (action, one) == (sqlite3.SQLITE_TRANSACTION, statement) else sqlite3.SQLITE_OK)
        starts(f'a {statement} that the authorizer ignores is an error', ask(c, "SELECT migrate_stamp('base')"),
               f"migrate_stamp() cannot {what}: the application's authorizer ignores {statement}", 'HINT')
        c.set_authorizer(None)
        check('and changes nothing', not c.in_transaction and versions(c) == 'r1')
    c.set_authorizer(lambda action, *a: sqlite3.SQLITE_IGNORE
                     if c.in_transaction and action == sqlite3.SQLITE_TRANSACTION else sqlite3.SQLITE_OK)
    starts('nor can it be rolled back then', ask(c, "SELECT migrate_stamp('base')"),
           'migrate_stamp() cannot commit', 'close the connection')
    c.set_authorizer(None)
    c.close()
    check('the connection can be closed', True)


def whole_transaction_lost():
    c = history(connect(), 'CREATE TABLE q (x UNIQUE); INSERT INTO q VALUES (1); '
                'INSERT OR ROLLBACK INTO q VALUES (1)')
    c.execute('CREATE TABLE mine (x)')
    c.execute('BEGIN')
    c.execute('INSERT INTO mine VALUES (1)')
    starts('OR ROLLBACK is said to have ended everything', ask(c, 'SELECT migrate_upgrade()'),
           'statement 3 of 3', 'UNIQUE constraint failed: q.x', 'DETAIL:  SQLite ended the whole transaction')
    equals('and it has', (c.in_transaction, ask(c, 'SELECT count(*) FROM mine')), (False, 0))


def ledger_touched():
    def touched(name, expected, *statements):
        c = history(connect())
        for statement in statements:
            c.execute(statement)
        starts(f'{name}: upgrade', ask(c, 'SELECT migrate_upgrade()'), expected)
        check(f'{name}: no transaction is left', not c.in_transaction)
        return c

    touched('a trigger', 'ledger table "migrate_log" has a trigger, "g"',
            'CREATE TRIGGER g AFTER INSERT ON migrate_log BEGIN SELECT 1; END')
    touched('a TEMP trigger', 'ledger table "migrate_version" has a TEMP trigger, "g"',
            'CREATE TEMP TRIGGER g AFTER INSERT ON main.migrate_version BEGIN SELECT 1; END')
    touched('a missing column', 'table "migrate_log" is not Limbeck\'s ledger table: it has no column "actor"',
            'ALTER TABLE migrate_log RENAME COLUMN actor TO who')
    touched('a missing table', 'table "migrate_edge" is missing', 'DROP TABLE migrate_edge')
    touched('a view', '"migrate_label" is not Limbeck\'s ledger table but a view', 'DROP TABLE migrate_label',
            'CREATE VIEW migrate_label AS SELECT 1 label, 2 revision, 3 ordinal')
    touched('a newer format', 'the ledger was written by a newer version of Limbeck',
            'UPDATE migrate_format SET format = 2')
    touched('no format', 'table "migrate_format" does not hold one number', 'DELETE FROM migrate_format')
    for name, value, expected in (
            ('a blob', "x'00'", 'is not text'), ('bad UTF-8', "CAST(x'ff' AS TEXT)", 'is not valid UTF-8'),
            ('a NUL byte', "'a' || char(0)", 'holds a NUL byte')):
        c = touched(name, f'the ledger is damaged: migrate_revision.message {expected}',
                    f"UPDATE migrate_revision SET message = {value} WHERE revision = 'r2'")
        problems = ask(c, 'SELECT problem FROM migrate_validate() ORDER BY 1')
        check(f'{name}: migrate_validate() lists it and what follows from it alone',
              ('migrate_revision.message ' + expected,) in problems and len(problems) == 2, problems)
    c = history(connect())
    ask(c, "SELECT migrate_upgrade('r2')")
    c.execute("UPDATE migrate_revision SET message = x'00' WHERE revision = 'r1'")
    equals('a value that the run does not need', ask(c, 'SELECT migrate_upgrade()'), 'upgraded r2 -> r3 (1 revision)')
    starts('and one that it needs', ask(c, "SELECT migrate_downgrade('base')"), 'migrate_revision.message is not text')
    c = history(connect())
    c.execute('ALTER TABLE migrate_log ADD COLUMN ticket')
    equals('a column more', ask(c, 'SELECT migrate_upgrade()'), 'upgraded base -> r3 (3 revisions)')
    equals('stays empty', ask(c, "SELECT count(*), count(ticket), count(outcome) FROM migrate_log WHERE action = 'upgrade'"),
           [(3, 0, 3)])
    c.execute('CREATE INDEX migrate_log_revision ON migrate_log (revision)')
    equals('an index that ledgers had', ask(c, "SELECT migrate_downgrade('base')"), 'downgraded r3 -> base (3 revisions)')
    touched('a changed body', 'checksum', "UPDATE migrate_revision SET upgrade = 'SELECT 1' "
            "WHERE revision = 'r3'")
    touched('a body that is a blob', 'upgrade is not text',
            "UPDATE migrate_revision SET upgrade = x'00' WHERE revision = 'r3'")
    for name, sql in (('a table', 'CREATE TABLE migrate_log (mine)'),
                      ('a virtual table', 'CREATE VIRTUAL TABLE migrate_log USING fts5 (mine)'),
                      ('an index', 'CREATE INDEX migrate_log ON t (x)')):
        c = connect()
        c.execute('CREATE TABLE t (x)')
        c.execute(sql)
        starts(f'{name} of the application\'s by that name', ask(c, "SELECT migrate_revision('a', 'SELECT 1')"),
               '"migrate_log" is not Limbeck\'s ledger table')
        equals('and nothing is made', ask(c, "SELECT count(*) FROM sqlite_master WHERE name LIKE "
                                             "'migrate_v%'"), 0)


def encodings():
    for encoding in ('UTF-16le', 'UTF-16be'):
        c = connect()
        c.execute(f"PRAGMA encoding = '{encoding}'")
        history(c, 'CREATE TABLE a (x)', "CREATE TABLE b (x)")
        ask(c, "SELECT migrate_revision('grüße', 'INSERT INTO a VALUES (''grüße'')', '', 'r3')")
        equals(f'{encoding}: upgrade', ask(c, 'SELECT migrate_upgrade()'), 'upgraded base -> r3 (3 revisions)')
        equals(f'{encoding}: text', ask(c, 'SELECT x FROM a'), 'grüße')
        equals(f'{encoding}: sound', ask(c, 'SELECT * FROM migrate_validate()'), [])


# What an application may have set before, with an effect on statements or on the file.
PRAGMAS = ('reverse_unordered_selects = 1', 'short_column_names = 0', 'count_changes = 1', 'empty_result_callbacks = 1',
           'recursive_triggers = 1', 'foreign_keys = 1', 'defer_foreign_keys = 1', 'ignore_check_constraints = 1',
           'legacy_alter_table = 1', 'writable_schema = 1', 'trusted_schema = 0', 'case_sensitive_like = 1',
           'automatic_index = 0', 'locking_mode = EXCLUSIVE', 'journal_mode = wal', 'journal_mode = off',
           'auto_vacuum = 2', 'page_size = 512', 'cache_size = 1', "encoding = 'UTF-16be'")


def story(pragma):
    """What a history up, down and up again says and leaves."""
    c = connect(new_path())
    if pragma:
        c.execute(f'PRAGMA {pragma}')
    history(c, 'CREATE TABLE a (x)', 'CREATE TABLE b (x)')
    said = [ask(c, sql) for sql in (
        """SELECT migrate_revision('rows', 'INSERT INTO a VALUES (''one''), (''two''); ALTER TABLE a ADD CHECK (length(x) > 2);
           CREATE INDEX i ON a (x)', 'DROP INDEX i; ALTER TABLE a DROP CONSTRAINT a_x_check; DELETE FROM a', 'r3')""",
        """SELECT migrate_revision('by hand', 'PRAGMA foreign_keys = OFF; CREATE TABLE n (x); INSERT INTO n SELECT x FROM a;
           DROP TABLE a; ALTER TABLE n RENAME TO a', 'CREATE INDEX i ON a (x); ALTER TABLE a ADD CHECK (length(x) > 2)', 'r4')""",
        "SELECT migrate_revision('branch', '', '', 'r2b', 'r1', true, 'side')", "SELECT migrate_upgrade('heads')",
        'SELECT * FROM migrate_status()', "SELECT migrate_downgrade('r3')",
        "SELECT migrate_upgrade('r4')", 'SELECT migrate_graph()', 'SELECT name, script FROM migrate_export()',
        'SELECT * FROM migrate_validate()', 'SELECT type, name, sql FROM sqlite_master ORDER BY name', 'SELECT x FROM a ORDER BY x',
        'SELECT action, revision, from_version, to_version, outcome FROM migrate_log ORDER BY id',
        'PRAGMA integrity_check')]
    c.close()
    return said


def any_pragmas():
    plain = story('')
    check('the story is told to its end', 'upgraded r2b, r3 -> r2b, r4 (1 revision)' in plain and plain[-1] == 'ok', plain)
    for pragma in PRAGMAS:
        differs = [pair for pair in zip(story(pragma), plain) if pair[0] != pair[1]]
        equals(f'the same under PRAGMA {pragma}', differs, [])


# --- bodies of several transactions -----------------------------------------------------------------

def marked(path, timeout=5.0):
    """r1, and over it m1 of four statements marked transaction:false, and over it z1."""
    c = history(connect(path, timeout=timeout), 'CREATE TABLE r (x)')
    for text in ('-- migrate:revision m1\n-- migrate:down_revision r1\n-- migrate:up transaction:false\n'
                 'CREATE TABLE m (x);\nINSERT INTO m VALUES (1);\nINSERT INTO m VALUES (2);\nINSERT INTO m VALUES (3);\n'
                 '-- migrate:down transaction:false\nDROP TABLE m;\n',
                 '-- migrate:revision z1\n-- migrate:down_revision m1\n-- migrate:up\nCREATE TABLE z (x);\n-- migrate:down\nDROP TABLE z;\n'):
        ask(c, 'SELECT migrate_load(?)', text)
    return c


def rows(c):
    return [x for x, in c.execute('SELECT x FROM m ORDER BY rowid')]


def at_transaction(c, numbers, do):
    """Has something done before the call's transactions of these numbers begin."""
    seen = []

    def look(sql):
        if 'BEGIN IMMEDIATE' in sql:
            seen.append(sql)
            if len(seen) in numbers:
                do()
    c.set_trace_callback(look)


def others_in_between():
    upgrade = 'SELECT migrate_upgrade()'
    cases = (
        ('somebody goes on with it', 4, upgrade,
         ('another connection went on with revision "m1" while migrate_upgrade() ran it', 'no statement ran twice'), 'z1', [1, 2, 3]),
        ('somebody says how it ended', 4, "SELECT migrate_resolve('m1', 'not applied')",
         ('another connection went on with revision "m1"',), 'r1', [1]),
        ('the version moves', 4, "INSERT INTO migrate_version VALUES ('other')",
         ('another connection changed the ledger while migrate_upgrade() ran', 'Revision "m1" stopped at statement 3 of 4',
          'The database is at r1.'), None, [1]),
        ('a revision that is still to run changes', 5, "SELECT migrate_edit('z1', 'CREATE TABLE zz (x)')",
         ('upgraded base -> z1 (3 revisions)',), 'z1', [1, 2, 3]),
        ('somebody does the rest', 6, upgrade, ('upgraded base -> z1 (3 revisions)',), 'z1', [1, 2, 3]),
        ('a trigger appears', 4, 'CREATE TRIGGER g AFTER INSERT ON migrate_log BEGIN SELECT 1; END',
         ('ledger table "migrate_log" has a trigger',), None, [1]),
    )
    for name, number, statement, expected, at, found in cases:
        path = new_path()
        one, two = marked(path), connect(path)
        at_transaction(one, (number,), lambda: ask(two, statement))
        said = ask(one, upgrade)
        one.set_trace_callback(None)
        starts(name, said, *expected)
        equals(f'{name}: what has run', rows(two), found)
        if at is not None:
            equals(f'{name}: the version', versions(two), at)
        check(f'{name}: no transaction is left', not one.in_transaction)


def damaged_in_between():
    """A large body is read again before it runs."""
    path = new_path()
    one, two = connect(path), connect(path)
    ask(one, "SELECT migrate_load('-- migrate:revision m1' || char(10) || '-- migrate:up transaction:false' || char(10) ||"
             " 'CREATE TABLE t (x)')")
    ask(one, "SELECT migrate_revision('large', ?, '', 'b1')", 'INSERT INTO t VALUES (1); -- ' + 'x' * 1500000)
    at_transaction(one, (2,), lambda: ask(two, "UPDATE migrate_revision SET upgrade = CAST(upgrade AS BLOB)"
                                               " WHERE revision = 'b1'"))
    starts('a body that is no text any more', ask(one, 'SELECT migrate_upgrade()'),
           'the ledger is damaged: migrate_revision.upgrade is not text in revision "b1"', 'The database is at m1.')
    one.set_trace_callback(None)
    equals('and nothing of it ran', (versions(two), ask(two, 'SELECT count(*) FROM t')), ('m1', 0))


def long_blobs():
    """A long file is compared with its row piece by piece; a blob of its bytes is no text."""
    one = connect(new_path())
    file = f"-- migrate:revision b1\n-- migrate:up\nSELECT 1; -- {'x' * 1500000}\n-- migrate:down\n"
    for column in ('script', 'upgrade', 'downgrade'):
        ask(one, "SELECT migrate_load(?)", file)
        ask(one, f'UPDATE migrate_revision SET {column} = CAST({column} AS BLOB)')
        ask(one, "SELECT migrate_load(?)", file)
        equals(f'{column} is text again', ask(one, f'SELECT typeof({column}) FROM migrate_revision'), 'text')


def another_runs():
    def slowly(path, ready, said):
        c = connect(path)

        def pause():
            ready.set()
            time.sleep(0.2)  # the other one looks on for a second
        at_transaction(c, (3, 4, 5), pause)
        said.append(ask(c, 'SELECT migrate_upgrade()'))
        c.set_trace_callback(None)
        c.close()

    for timeout, expected in ((0, 'another connection runs revision "m1" now'), (20, 'z1')):
        path, ready, said = new_path(), threading.Event(), []
        c = marked(path, timeout)
        runner = threading.Thread(target=slowly, args=(path, ready, said))
        runner.start()
        ready.wait()
        answer = ask(c, 'SELECT migrate_upgrade()')
        runner.join()
        starts(f'another one runs it, timeout {timeout}', answer, expected)
        equals('and ends it', (said, rows(c)), (['upgraded base -> z1 (3 revisions)'], [1, 2, 3]))


def between_transactions():
    path = new_path()
    one, two = marked(path, 0), connect(path, timeout=0, check_same_thread=False)
    # a lock of somebody else's in the middle is waited for, even by a connection that doesn't wait
    at_transaction(one, (4,), lambda: (ask(two, 'BEGIN IMMEDIATE'), threading.Timer(0.2, lambda: two.execute('ROLLBACK')).start()))
    equals('a writer in between is waited for', ask(one, 'SELECT migrate_upgrade()'), 'upgraded base -> z1 (3 revisions)')
    one.set_trace_callback(None)
    equals('each statement once', rows(two), [1, 2, 3])
    equals('and down', ask(one, "SELECT migrate_downgrade('base')"), 'downgraded z1 -> base (3 revisions)')
    cursor = one.execute('SELECT * FROM migrate_log')
    cursor.fetchone()
    starts('an open cursor of its own is refused', ask(one, 'SELECT migrate_upgrade()'),
           'another statement is open on this connection')
    cursor.close()
    # an interrupt leaves nothing but what says where to go on
    at_transaction(one, (4,), one.interrupt)
    starts('interrupted', ask(one, 'SELECT migrate_upgrade()'), 'interrupted')
    one.set_trace_callback(None)
    check('no transaction is left', not one.in_transaction)
    equals('where it stopped', ask(one, 'SELECT stopped FROM migrate_status()'),
           'revision "m1" (upgrade) stopped at statement 3 of 4: started, and its end was never recorded')
    equals('it goes on', ask(one, 'SELECT migrate_upgrade()'), 'upgraded r1 -> z1 (2 revisions)')
    equals('each statement once, again', rows(two), [1, 2, 3])
    # left as found
    one.execute('CREATE TABLE mine (x)')
    one.execute('INSERT INTO mine VALUES (1)')
    ask(one, "SELECT migrate_downgrade('r1')")
    ask(one, 'SELECT migrate_upgrade()')
    equals('last_insert_rowid() is as it was', ask(one, 'SELECT last_insert_rowid()'), 1)


def odd_entries():
    """What stands in a directory beside files: nothing is left out silently that a name promises."""
    path = os.path.join(folder, 'odd')
    os.mkdir(path)

    def entry(name, make):
        make(os.path.join(path, name))
        said = ask(connect(), 'SELECT migrate_load_dir(?)', path)
        os.unlink(os.path.join(path, name))
        return said

    with open(os.path.join(path, '1_a.sql'), 'w') as file:
        file.write('-- migrate:up\nSELECT 1;\n')
    one = '1 new, 0 replaced, 0 unchanged'
    os.symlink(path, os.path.join(path, 'itself'))
    equals('a link to the directory itself', ask(connect(), 'SELECT migrate_load_dir(?)', path), one)
    equals('a pipe', entry('2_pipe.sql', os.mkfifo), one)
    equals('a device', entry('2_zero.sql', lambda p: os.symlink('/dev/zero', p)), one)
    equals('a link to nowhere', entry('2_gone.sql', lambda p: os.symlink('nowhere', p)),
           f'cannot read file "{path}/2_gone.sql": No such file or directory')
    equals('a link to itself', entry('2_self.sql', lambda p: os.symlink('2_self.sql', p)),
           f'cannot read file "{path}/2_self.sql": Too many levels of symbolic links')
    equals('a file with more than it says', entry('2_proc.sql', lambda p: os.symlink('/proc/self/status', p)),
           f'file "{path}/2_proc.sql" changes while it is read')


def main():
    try:
        for part in (open_statements, hostile_files, ledger_by_trigger, other_connections, read_only,
                     left_as_found, whole_transaction_lost, ledger_touched, bodies_read_twice, encodings, any_pragmas,
                     others_in_between, damaged_in_between, long_blobs, another_runs, between_transactions,
                     odd_entries):
            part()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f'{passed} passed, {failed} failed')
    return failed > 0


sys.exit(main())
