#!/usr/bin/python3
"""What a connection keeps of the ledger between calls (store_cache.c) is never older than the ledger.

    kept.py LIBRARY

Every way in which rows can change behind a connection's back is tried on a connection that has just
answered, and the next answer is compared with that of a fresh connection.
"""
import os
import sqlite3
import sys
import tempfile

passed = failed = 0


def check(what, met):
    global passed, failed
    passed, failed = passed + bool(met), failed + (not met)
    print('ok' if met else 'not ok', what)


def connect(path):
    db = sqlite3.connect(path, isolation_level=None)
    db.enable_load_extension(True)
    db.load_extension(sys.argv[1])
    return db


def answers(db):
    result = []
    for sql in ('SELECT * FROM migrate_status()', 'SELECT * FROM migrate_current()',
                "SELECT revision FROM migrate_plan('heads')", 'SELECT migrate_graph()'):
        try:
            result.append(db.execute(sql).fetchall())
        except sqlite3.Error as e:
            result.append(str(e))
    return result


def same(what, db, path):
    """Asks twice, so that the second answer is a kept one."""
    fresh = connect(path)
    expected = answers(fresh)
    fresh.close()
    check(what, answers(db) == expected and answers(db) == expected)


def load(db, id, down, mark=''):
    db.execute('SELECT migrate_load(?, ?)', (f'-- migrate:revision {id}\n-- migrate:down_revision {down}\n-- migrate:up{mark}\n'
                                             f'CREATE TABLE t{id} (a);\n-- migrate:down\nDROP TABLE t{id};\n',
                                             f'{id}_x.sql'))


HAND = {
    'an edge by hand': "UPDATE migrate_edge SET parent = '1' WHERE revision = '3'",
    'a version row by hand': "UPDATE migrate_version SET version_num = '1'",
    'a revision deleted by hand': "DELETE FROM migrate_revision WHERE revision = '3'",
    'all edges deleted by hand': 'DELETE FROM migrate_edge',
    'a message by hand': "UPDATE migrate_revision SET message = 'other' WHERE revision = '2'",
    'a downgrade taken away by hand': "UPDATE migrate_revision SET downgrade = NULL WHERE revision = '3'",
    'who applied it, by hand': "UPDATE migrate_log SET actor = 'nobody'",
    'a stop by hand': 'INSERT INTO migrate_log (at, actor, action, revision, statement, statements, outcome) '
                      "VALUES ('2001-01-01T00:00:00.000Z', 'me', 'upgrade', '3', 1, 2, 'failed')",
    'a label by hand': "INSERT INTO migrate_label VALUES ('x', '2', 0)",
    'a table of the ledger dropped': 'DROP TABLE migrate_label',
    'a trigger on the ledger': 'CREATE TRIGGER t AFTER INSERT ON migrate_log BEGIN SELECT 1; END',
}

with tempfile.TemporaryDirectory() as work:
    def database():
        path = os.path.join(work, f'd{passed + failed}')
        db = connect(path)
        for id, down, mark in (('1', 'base', ''), ('2', '1', ''), ('3', '2', ' transaction:false')):
            load(db, id, down, mark)
        db.execute("SELECT migrate_upgrade('2')")
        answers(db)
        return path, db

    for what, sql in HAND.items():
        path, db = database()
        db.execute(sql)
        same(what + ', the same connection', db, path)
        path, db = database()
        other = sqlite3.connect(path, isolation_level=None)
        other.execute(sql)
        same(what + ', another connection', db, path)
        path, db = database()
        before = answers(db)
        db.execute('BEGIN')
        db.execute(sql)
        inside = answers(db)
        check(what + ', seen in its transaction', inside != before or 'label by hand' in what)
        db.execute('ROLLBACK')
        same(what + ', rolled back', db, path)
        db.execute(sql)
        same(what + ', done again after the roll-back', db, path)
        path, db = database()
        before = answers(db)
        db.execute('BEGIN')
        db.execute('SAVEPOINT s')
        db.execute(sql)
        answers(db)
        db.execute('ROLLBACK TO s')
        check(what + ', rolled back to a savepoint', answers(db) == before)
        db.execute('COMMIT')
        same(what + ', and committed', db, path)

    for what in ('a message by hand', 'a downgrade taken away by hand', 'a stop by hand'):
        path, db = database()
        db.close()
        db = connect(path)
        check('nothing is to do', 'already' in db.execute("SELECT migrate_upgrade('2')").fetchone()[0])
        same(what + ', what upgrade kept is added to', db, path)
        db.execute(HAND[what])
        same(what + ', what was added is read again', db, path)

    path, db = database()
    db.execute('CREATE TEMP TRIGGER t AFTER INSERT ON main.migrate_log BEGIN SELECT 1; END')
    check('a TEMP trigger is seen', 'has a TEMP trigger' in str(answers(db)[0]))
    db.execute('DROP TRIGGER t')
    same('and gone again', db, path)

    path, db = database()
    db.execute("SELECT migrate_upgrade('3')")
    same('an upgrade', db, path)
    check('nothing is left to do', db.execute("SELECT migrate_upgrade('heads')").fetchone()[0] is not None)
    other = connect(path)
    load(other, '4', '3')
    check('a revision of another connection is found by upgrade', '4' in
          db.execute("SELECT migrate_upgrade('heads')").fetchone()[0])
    same('and applied', db, path)

    path, db = database()
    cursor = db.execute('SELECT * FROM migrate_current()')
    row = cursor.fetchone()
    db.execute('SELECT count(*) FROM migrate_status()').fetchall()
    check('a cursor left open outlives what it was read from', row is not None and cursor.fetchall() == [])
    db.execute("ATTACH ':memory:' AS other")
    db.execute('CREATE TABLE other.migrate_version (version_num)')
    same('tables of the same name in another schema', db, path)
    # Functions alone: SQLite 3.40 crashes where a table-valued function was used before the exchange.
    if hasattr(db, 'deserialize'):
        databases = []
        for downgraded in (False, True):
            one = connect(os.path.join(work, f'exchange{downgraded}'))
            load(one, '1', 'base')
            one.execute("SELECT migrate_upgrade('heads')")
            if downgraded:
                one.execute("SELECT migrate_downgrade('base')")
            databases.append(one)
        one.close()
        one, two = databases[0], connect(os.path.join(work, 'exchangeTrue'))
        one.execute("SELECT migrate_upgrade('heads')").fetchall()
        one.deserialize(two.serialize())
        check('another database in its place',
              one.execute("SELECT migrate_upgrade('heads')").fetchone()[0] == 'upgraded base -> 1 (1 revision)')
    # What it is for: a later call that finds nothing to do walks through no table.
    path, db = database()
    with_many = connect(path)
    for i in range(300):
        load(with_many, f'many{i:03d}', 'base' if i == 0 else f'many{i - 1:03d}')
    with_many.execute("SELECT migrate_stamp('heads')")
    for call in ("SELECT migrate_upgrade('heads')", 'SELECT * FROM migrate_current()', 'SELECT * FROM migrate_status()'):
        steps = []
        one = connect(path)
        for _ in range(3):
            steps.append(0)

            def count():
                steps[-1] += 1

            one.set_progress_handler(count, 1)
            one.execute(call).fetchall()
            one.set_progress_handler(None, 1)
        check(f'{call} again reads no history ({steps})', steps[0] > 300 and max(steps[1:]) < 300)
        one.close()
    with_many.close()
    db.close()

print(f'{passed} passed, {failed} failed')
sys.exit(failed > 0)
