#!/usr/bin/python3
"""Large files: what one takes of memory when it is stored and when it runs, and the limit.

    large.py EXTENSION [MEGABYTES]

Each step is made by a process of its own, whose peak of resident memory is compared with what it was
before the call. Stored from a directory, a file is there once, beside the row that SQLite builds of it: the
file again and the body in it. Given as an argument it is the application's. Run, it is held at most twice.
"""
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))
from large_bodies import KINDS, body, write_files, write_too_much  # noqa: E402

EXTENSION = os.path.splitext(os.path.abspath(sys.argv[1]))[0]
SIZE = int(sys.argv[2] if len(sys.argv) > 2 else 24) * 1000000
CONSTANT = 8000000  # page cache, statements' places, Python's own
failed = passed = 0

CHILD = r'''
import sqlite3, sys
path, library, sql, file = sys.argv[1:]
db = sqlite3.connect(path, isolation_level=None)
db.execute('PRAGMA synchronous = OFF')
db.enable_load_extension(True)
db.load_extension(library)
text = open(file).read() if file else None
cursor = db.cursor()
cursor.execute('SELECT count(*) FROM migrate_history()').fetchall()
if text:
    db.execute('SELECT length(?)', (text,)).fetchall()
open('/proc/self/clear_refs', 'w').write('5')
def peak(word):
    return int(next(l for l in open('/proc/self/status') if l.startswith(word)).split()[1]) * 1024
before = peak('VmRSS')
db.execute(sql, (text,) if text else ()).fetchall()
print(peak('VmHWM') - before)
'''


def check(name, good, said):
    global passed, failed
    print(('ok ' if good else 'not ok ') + f'{name}: {said}')
    passed, failed = passed + good, failed + (not good)


def taken(name, times, path, sql, file=''):
    """Runs the call; at most so many times the body's size may be held meanwhile."""
    done = subprocess.run([sys.executable, '-c', CHILD, path, EXTENSION, sql, file], capture_output=True, text=True,
                          env=dict(os.environ, MALLOC_MMAP_THRESHOLD_='1000000'))  # what is freed is given back
    if done.returncode:
        check(name, False, done.stderr)
        return
    peak = int(done.stdout)
    check(name, peak <= times * SIZE + CONSTANT, f'{peak / 1e6:.1f} MB for {SIZE / 1e6:.0f}, {peak / SIZE:.2f} times')


def sizes(folder):
    """Many small statements and a few large ones, stored in each way, and run."""
    for kind in KINDS:
        path, files = os.path.join(folder, kind), os.path.join(folder, kind + '.files')
        write_files(files, kind, SIZE)
        text = os.path.join(files, 'body')
        with open(text, 'w') as file:
            file.write(body(kind, SIZE))
        taken(f'{kind} statements, migrate_load_dir()', 3, path, f"SELECT migrate_load_dir('{files}')")
        taken(f'{kind} statements, loaded again', 1, path, f"SELECT migrate_load_dir('{files}')")
        taken(f'{kind} statements, migrate_revision()', 2, path,
              "SELECT migrate_revision('rows again', ?, '', '3')", text)
        taken(f'{kind} statements, upgrade from a file', 2, path, "SELECT migrate_upgrade('2')")
        taken(f'{kind} statements, upgrade', 2, path, "SELECT migrate_upgrade('3')")
        taken(f'{kind} statements, migrate_validate()', 2, path, 'SELECT * FROM migrate_validate()')
        shutil.rmtree(files)


def together(folder):
    """Many bodies of a megabyte are not held all at once."""
    path, files = os.path.join(folder, 'together'), os.path.join(folder, 'together.files')
    os.mkdir(files)
    one = body('many', 1000000)
    for number in range(SIZE // len(one)):
        with open(os.path.join(files, f'{number}_t.sql'), 'w') as file:
            first = 'CREATE TABLE t (a);\n' if number == 0 else ''
            file.write(f'-- migrate:up\n{first}{one}-- migrate:down\nDELETE FROM t;\n')
    db = sqlite3.connect(path, isolation_level=None)
    db.enable_load_extension(True)
    db.load_extension(EXTENSION)
    db.execute('SELECT migrate_load_dir(?)', (files,))
    db.close()
    taken('many bodies, upgrade', 0.25, path, 'SELECT migrate_upgrade()')
    shutil.rmtree(files)


def limit(folder):
    """One byte too much is refused without a look into the file."""
    path = write_too_much(os.path.join(folder, 'limit'))
    db = sqlite3.connect(':memory:')
    db.enable_load_extension(True)
    db.load_extension(EXTENSION)
    try:
        db.execute('SELECT migrate_load_dir(?)', (os.path.dirname(path),)).fetchall()
        said = 'loaded'
    except sqlite3.DatabaseError as e:
        said = str(e)
    check('a file over the limit', said == f'file "{path}" is too big for a migration\n'
          'HINT:  A migration is at most 256 MiB of text.', said)


def main():
    folder = tempfile.mkdtemp(prefix='limbeck-large-')
    try:
        sizes(folder)
        together(folder)
        limit(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f'{passed} passed, {failed} failed')
    return failed > 0


sys.exit(main())
