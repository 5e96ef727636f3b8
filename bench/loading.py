"""Issue 7, point 4: loading a directory of 10,000 files, to inserting the same rows raw."""
import os
import shutil

import histories
from common import processor

TABLES = ('migrate_revision', 'migrate_edge', 'migrate_log')
COUNT = 10000


def load_sqlite(bench, directory):
    raw, own = [], []
    for _ in range(bench.rounds):
        path = bench.path('load.db')
        for name in (path, path + '.raw'):
            if os.path.exists(name):
                os.remove(name)
        db = bench.sqlite(path)
        db.execute('SELECT count(*) FROM migrate_status()').fetchall()
        own.append(processor(lambda: db.execute('SELECT migrate_load_dir(?)', (directory,)).fetchall()))
        rows = {t: db.execute(f'SELECT * FROM {t} ORDER BY rowid').fetchall() for t in TABLES}
        schema = [sql for (sql,) in db.execute('SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid')]
        db.close()
        db = bench.sqlite(path + '.raw')
        raw.append(processor(lambda: insert_sqlite(db, schema, rows)))
        db.close()
    bench.report.ratio(f'SQLite, migrate_load_dir() of {COUNT} files, to inserting the rows', raw, own, 2)


def insert_sqlite(db, schema, rows):
    """In the order in which a load writes them: revision by revision."""
    db.execute('BEGIN')
    for sql in schema:
        db.execute(sql)
    for revision, log in zip(rows['migrate_revision'], rows['migrate_log']):
        db.execute(f"INSERT INTO migrate_revision VALUES ({', '.join('?' * len(revision))})", revision)
        db.execute(f"INSERT INTO migrate_log VALUES ({', '.join('?' * len(log))})", log)
    db.executemany('INSERT INTO migrate_edge VALUES (?, ?, ?, ?)', rows['migrate_edge'])
    db.execute('COMMIT')


def load_postgres(bench, directory):
    raw, own = [], []
    for _ in range(bench.rounds):
        bench.server.create('load')
        with bench.server.connect('load') as db:
            db.execute('CREATE EXTENSION limbeck')
            own.append(processor(lambda: db.execute('SELECT migrate_load_dir(%s)', (directory,)), db))
            for table in TABLES:
                db.execute(f'CREATE TEMP TABLE rows_{table} AS SELECT * FROM {table}')
            db.execute('TRUNCATE migrate_revision, migrate_edge, migrate_log')
            raw.append(processor(lambda: insert_postgres(db), db))
        bench.server.drop('load')
    bench.report.ratio(f'PostgreSQL, migrate_load_dir() of {COUNT} files, to inserting the rows', raw, own, 2)


def insert_postgres(db):
    """Row by row in the server, as a load has to, by the least that does it: PL/pgSQL's loop over a table."""
    loops = (f'DECLARE one {t}; BEGIN FOR one IN SELECT * FROM rows_{t} LOOP INSERT INTO {t} VALUES (one.*); '
             'END LOOP; END;' for t in TABLES)
    db.execute('DO $$ BEGIN ' + ' '.join(loops) + ' END $$')


def measure(bench):
    bench.report.begin('Loading a directory: processor time')
    directory = bench.directory('load.files', histories.revisions(COUNT))
    load_sqlite(bench, directory)
    if bench.server:
        load_postgres(bench, directory)
    shutil.rmtree(directory)
