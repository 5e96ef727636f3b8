"""Databases of both engines, seen alike: call() is the extension at work, run() the stock shell or psql
with a script, snapshot() all that a database holds, times left out."""
import os
import re
import shutil
import sqlite3
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LEDGER = (
    ('version', 'SELECT version_num FROM migrate_version ORDER BY 1'),
    ('revision', 'SELECT seq, revision, message, upgrade, downgrade, upgrade_transactional, downgrade_transactional, '
                 'script, checksum, created_by FROM migrate_revision ORDER BY seq'),
    ('edge', 'SELECT revision, parent, kind, ordinal FROM migrate_edge ORDER BY revision, kind, ordinal'),
    ('label', 'SELECT label, revision, ordinal FROM migrate_label ORDER BY label'),
    ('log', 'SELECT id, actor, action, revision, from_version, to_version, statement, statements, '
            'duration_ms IS NULL, checksum, outcome, detail FROM migrate_log ORDER BY id'),
)


class Failed(Exception):
    pass


class Sqlite:
    name = 'sqlite'
    extension = os.environ.get('LIMBECK_EXTENSION', os.path.join(TOP, 'sqlite_ext', 'limbeck'))

    def __init__(self, folder):
        self.folder, self.count = folder, 0

    def create(self):
        self.count += 1
        return os.path.join(self.folder, f'{self.count}.db')

    def copy(self, database):
        made = self.create()
        if os.path.exists(database):
            shutil.copy(database, made)
        return made

    def drop(self, database):
        if os.path.exists(database):
            os.remove(database)

    def call(self, database, sql, *values, foreign_keys=False):
        connection = sqlite3.connect(database, isolation_level=None)
        try:
            connection.enable_load_extension(True)
            connection.load_extension(self.extension)
            connection.execute(f'PRAGMA foreign_keys = {int(foreign_keys)}')
            return connection.execute(re.sub(r'%s', '?', sql), values).fetchall()
        except sqlite3.Error as e:
            raise Failed(str(e)) from None
        finally:
            connection.close()

    def run(self, database, script, *options):
        done = subprocess.run(['sqlite3', *options, database], input=script, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def snapshot(self, database):
        connection = sqlite3.connect(database)
        try:
            found = {'schema': connection.execute(
                "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name").fetchall()}
            tables = [name for kind, name, _, _ in found['schema'] if kind == 'table']
            for name in tables:
                if not name.startswith('migrate_'):
                    found[name] = connection.execute(f'SELECT * FROM "{name}" ORDER BY rowid').fetchall()
            for name, sql in LEDGER:
                found[name] = connection.execute(sql).fetchall() if 'migrate_log' in tables else []
            if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").fetchall():
                found['sequence'] = connection.execute('SELECT name, seq FROM sqlite_sequence ORDER BY name').fetchall()
            found['check'] = connection.execute('PRAGMA integrity_check').fetchall()
            return found
        finally:
            connection.close()


class Postgres:
    """The cluster that PGHOST, PGPORT and PGUSER name."""
    name = 'postgres'

    def __init__(self, folder):
        self.count = 0
        self.psql('postgres', 'DROP ROLE IF EXISTS offline_low; CREATE ROLE offline_low LOGIN;')

    def psql(self, database, script, *options):
        done = subprocess.run(['psql', '-X', '-q', '-At', *options, '-d', database], input=script, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def create(self, template='template1'):
        self.count += 1
        name = f'offline_{os.getpid()}_{self.count}'
        code, said = self.psql('postgres', f'CREATE DATABASE {name} TEMPLATE {template}')
        if code or 'ERROR' in said:
            raise Failed(said)
        return name

    def copy(self, database):
        return self.create(database)

    def drop(self, database):
        """Nothing: DROP DATABASE waits for a checkpoint, and the cluster goes soon."""

    def connect(self, database):
        import psycopg2
        return psycopg2.connect(dbname=database)

    def call(self, database, sql, *values):
        import psycopg2
        connection = self.connect(database)
        try:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute('SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS limbeck')
            cursor.execute(sql, values or None)
            return cursor.fetchall()
        except psycopg2.Error as e:
            raise Failed(str(e)) from None
        finally:
            connection.close()

    def run(self, database, script, *options):
        return self.psql(database, script, *(options or ('-1', '-v', 'ON_ERROR_STOP=1')), '-f', '-')

    def snapshot(self, database):
        dump = subprocess.run(['pg_dump', '-T', 'migrate_*', '--inserts', database], capture_output=True, text=True, check=True).stdout
        found = {'schema': [line for line in dump.split('\n') if not re.match(r'\\(un)?restrict|--', line)]}
        connection = self.connect(database)
        try:
            cursor = connection.cursor()
            cursor.execute("SELECT to_regclass('public.migrate_log') IS NOT NULL")
            there = cursor.fetchone()[0]
            for name, sql in LEDGER:
                if name == 'revision':
                    sql = sql.replace('created_by', 'created_by, upgrade_author, upgrade_author_oid, downgrade_author, downgrade_author_oid')
                if there:
                    cursor.execute(sql)
                found[name] = cursor.fetchall() if there else []
            return found
        finally:
            connection.close()
