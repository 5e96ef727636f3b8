#!/usr/bin/python3
"""Large bodies on PostgreSQL: parsed piece by piece, with the same errors, held at most twice; and the limit.

    pg_large.py [MEGABYTES]       PGHOST, PGPORT, PGUSER; run by the user that the server runs as

The peak of the backend's resident memory, without the shared buffers that it came to touch, is compared with what
it was before the call. Storing is compared with
what INSERT takes for the same row.
"""
import os
import sys
import tempfile

import psycopg2

from large_bodies import KINDS, body, write_files, write_too_much

SIZE = int(sys.argv[1] if len(sys.argv) > 1 else 24) * 1000000
CONSTANT = 12000000  # a piece's trees, caches
passed = failed = 0


def check(name, good, said):
    global passed, failed
    print(('ok - ' if good else 'not ok - ') + f'{name}: {said}', flush=True)
    passed, failed = passed + good, failed + (not good)


def connect(database='limbeck_large'):
    db = psycopg2.connect(dbname=database)
    db.autocommit = True
    return db


def ask(db, sql, *values):
    """The single value, or the error."""
    cursor = db.cursor()
    try:
        cursor.execute(sql, values)
        return cursor.fetchone()[0] if cursor.description else None
    except psycopg2.Error as e:
        return e


def status(db, word):
    with open(f'/proc/{db.info.backend_pid}/status') as file:
        return int(next(line for line in file if line.startswith(word)).split()[1]) * 1024


def taken(db, sql, *values):
    """Bytes that the call takes at its peak."""
    ask(db, "SELECT count(*), length(%s) FROM migrate_history()", 'warm')
    with open(f'/proc/{db.info.backend_pid}/clear_refs', 'w') as file:
        file.write('5')
    before, shared = status(db, 'VmRSS'), status(db, 'RssShmem')
    said = ask(db, sql, *values)
    if isinstance(said, Exception):
        raise said
    return status(db, 'VmHWM') - before - (status(db, 'RssShmem') - shared)


def at_most(name, peak, limit):
    check(name, peak <= limit * SIZE + CONSTANT,
          f'{peak / 1e6:.1f} MB for {SIZE / 1e6:.0f}, {peak / SIZE:.2f} times')


def sizes(folder):
    for kind in KINDS:
        files = os.path.join(folder, kind)
        rows = body(kind, SIZE)
        write_files(files, kind, SIZE)
        ask(connect('postgres'), 'DROP DATABASE IF EXISTS limbeck_large')
        ask(connect('postgres'), 'CREATE DATABASE limbeck_large')
        ask(connect(), 'CREATE EXTENSION limbeck')
        ask(connect(), 'CREATE TABLE raw (script text, upgrade text)')
        raw = taken(connect(), 'INSERT INTO raw SELECT f, substr(f, 15) FROM pg_read_file(%s) f',
                    os.path.join(files, '2_rows.sql'))
        at_most(f'{kind} statements, INSERT of the file and its body', raw, 8)
        own = taken(connect(), 'SELECT migrate_load_dir(%s)', files)
        at_most(f'{kind} statements, migrate_load_dir(), above INSERT', own - raw, 1)
        raw = taken(connect(), 'INSERT INTO raw (upgrade) VALUES (%s)', rows)
        own = taken(connect(), "SELECT migrate_revision('rows', %s, '', '3')", rows)
        at_most(f'{kind} statements, migrate_revision(), above INSERT', own - raw, 1)
        at_most(f'{kind} statements, loaded again', taken(connect(), 'SELECT migrate_load_dir(%s)', files), 2)
        at_most(f'{kind} statements, upgrade from a file',
                taken(connect(), "SELECT migrate_upgrade('2')"), 2)
        at_most(f'{kind} statements, upgrade', taken(connect(), "SELECT migrate_upgrade('3')"), 2)
        at_most(f'{kind} statements, migrate_validate()',
                taken(connect(), 'SELECT count(*) FROM migrate_validate()'), 2)


def pieces():
    """What a body of several pieces does is what a small one does."""
    db = connect()
    line = "INSERT INTO p VALUES ('" + 'ä' * 40 + "');\n"
    many = line * 5000

    def store(revision, upgrade, **more):
        options = ''.join(f', {name} => %({name})s' for name in more)
        db.cursor().execute('SELECT migrate_revision(upgrade => %(upgrade)s, rev_id => %(id)s' + options + ')',
                            dict(more, upgrade=upgrade, id=revision))

    def fails(name, upgrade, code, words, place):
        store('bad', upgrade)
        said = ask(db, "SELECT migrate_upgrade('bad')")
        diag = said.diag if isinstance(said, Exception) else None
        check(name, diag is not None and diag.sqlstate == code and words in diag.message_primary and
              place in diag.context, (diag.sqlstate, diag.message_primary, diag.context) if diag else said)
        check(f'{name}: nothing ran', ask(db, 'SELECT count(*) FROM p') == rows, rows)
        ask(db, "SELECT migrate_delete('bad')")
        return diag

    store('p', 'CREATE TABLE p (x text CHECK (length(x) < 100));', downgrade='DROP TABLE p;')
    store('wrapped', f'BEGIN;\n{many}COMMIT;', downgrade='DELETE FROM p;')
    check('many statements in BEGIN and COMMIT', ask(db, 'SELECT migrate_upgrade()') ==
          'upgraded 3 -> wrapped (2 revisions)', ask(db, 'SELECT count(*) FROM p'))
    rows = 5000
    check('all ran', ask(db, "SELECT statements FROM migrate_log WHERE revision = 'wrapped' AND action = 'upgrade'")
          == 5000 and ask(db, 'SELECT count(*) FROM p') == rows, rows)
    diag = fails('a failure in a later piece', many + "INSERT INTO p VALUES (1), (nowhere);\n" + line, '42703',
                 'column "nowhere" does not exist', 'statement 5001 of 5002, line 5001, column 28')
    check('the caret', diag.internal_query[int(diag.internal_position) - 1:].startswith('nowhere') and
          diag.internal_query.startswith('INSERT INTO p VALUES (1)'), diag.internal_query)
    diag = fails('a failure without a position', many + "INSERT INTO p VALUES (repeat('x', 100));", '23514',
                 'violates check constraint', 'statement 5001 of 5001, line 5001, column 1')
    check('the caret', diag.internal_position == '1', diag.internal_position)
    fails('a syntax error in the middle', many + 'INSERT INTO p VALUE (1);\n' + many, '42601',
          'syntax error at or near "VALUE"', 'statement 5001 of 10001, line 5001, column 15')
    fails('what cannot run is refused before anything runs', many + 'COMMIT;\n' + line, '2D000',
          'COMMIT is not possible in a body', 'statement 5001 of 5002, line 5001, column 1')
    fails('parameters too', many + 'SELECT $1;', '42P02', 'a body cannot have parameters: $1',
          'statement 5001 of 5001, line 5001, column 8')
    store('strings', "SET standard_conforming_strings = off;\n" + many + "INSERT INTO p VALUES ('a\\');\n",
          downgrade='')
    check('strings are read as when the body was checked', ask(db, 'SELECT migrate_upgrade()') ==
          'upgraded wrapped -> strings (1 revision)', ask(db, "SELECT count(*) FROM p WHERE x = 'a\\'"))
    store('alone', "BEGIN;\n" + many + "COMMIT;\nVACUUM p;\n" + many, downgrade='VACUUM p;')
    ask(db, "CALL migrate_apply('alone')")
    check('a large body marked transaction:false', ask(db, 'SELECT count(*) FROM p') == 20001,
          ask(db, 'SELECT count(*) FROM p'))
    store('backslashes', "INSERT INTO p VALUES ('a\\\\z');\n" + many, downgrade='')
    db.cursor().execute('SET standard_conforming_strings = off')
    check('a large body where strings have backslashes', ask(db, 'SELECT migrate_upgrade()') ==
          'upgraded alone -> backslashes (1 revision)', ask(db, "SELECT count(*) FROM p WHERE x = E'a\\\\z'"))


def limit(folder):
    """One byte too much is refused without a look into the file."""
    path = write_too_much(os.path.join(folder, 'limit'))
    said = ask(connect(), 'SELECT migrate_load_dir(%s)', os.path.dirname(path))
    check('a file over the limit', isinstance(said, Exception) and said.diag.sqlstate == '54000' and
          said.diag.message_primary == f'file "{path}" is too big for a migration' and
          said.diag.message_hint == 'A migration is at most 256 MiB of text.', said)


def main():
    with tempfile.TemporaryDirectory(prefix='limbeck-large-') as folder:
        os.chmod(folder, 0o755)
        sizes(folder)
        pieces()
        limit(folder)
    ask(connect('postgres'), 'DROP DATABASE limbeck_large')
    print(f'{passed} passed, {failed} failed')
    return failed > 0


sys.exit(main())
