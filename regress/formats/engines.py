"""The two engines behind one face, for the tests of other tools' files."""
import os
import re
import sqlite3
import subprocess

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..'))


class Failure(Exception):
    """An error of the database's: message, then DETAIL and HINT lines."""


class Sqlite:
    name = 'sqlite'

    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    def new(self):
        self.count += 1
        return SqliteDatabase(os.path.join(self.folder, f'{self.count}.db'))


class SqliteDatabase:
    def __init__(self, path):
        self.path = path
        self.url = 'sqlite:///' + path
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.enable_load_extension(True)
        self.connection.load_extension(os.path.join(TOP, 'sqlite_ext', 'limbeck'))

    def rows(self, sql, *values):
        try:
            return self.connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise Failure(str(error)) from None

    def script(self, sql):
        self.connection.executescript(sql)

    def schema(self):
        """The schema without Limbeck's and Alembic's tables, white space made one blank."""
        rows = self.rows("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name NOT LIKE 'migrate~_%' "
                         "ESCAPE '~' AND tbl_name <> 'alembic_version' ORDER BY name")
        return [re.sub(r'\s+', ' ', sql) for (sql,) in rows]

    def close(self):
        self.connection.close()


class Postgres:
    name = 'postgres'

    def __init__(self, _folder):
        self.count = 0

    def new(self):
        self.count += 1
        name = f'formats_{os.getpid()}_{self.count}'
        subprocess.run(['createdb', name], check=True)
        return PostgresDatabase(name)


class PostgresDatabase:
    def __init__(self, name):
        import psycopg2
        self.psycopg2 = psycopg2
        self.name = name
        self.url = f"postgresql://{os.environ['PGUSER']}@/{name}?host={os.environ['PGHOST']}&port={os.environ['PGPORT']}"
        self.connection = psycopg2.connect(dbname=name)
        self.connection.autocommit = True
        self.rows('CREATE EXTENSION limbeck')

    def rows(self, sql, *values):
        cursor = self.connection.cursor()
        try:
            cursor.execute(sql.replace('%', '%%').replace('?', '%s') if values else sql, values or None)
            return cursor.fetchall() if cursor.description else []
        except self.psycopg2.Error as error:
            d = error.diag
            text = d.message_primary or str(error)
            text += f'\nDETAIL:  {d.message_detail}' if d.message_detail else ''
            text += f'\nHINT:  {d.message_hint}' if d.message_hint else ''
            raise Failure(text) from None

    def script(self, sql):
        self.rows(sql)

    def psql(self, options):
        """What psql prints for the script that loads a client's directory."""
        return subprocess.run(['psql', '-X', *options, '-f', os.path.join(TOP, 'pg_ext', 'limbeck_load.psql'), self.name],
                              check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout

    def schema(self):
        dump = subprocess.run(['pg_dump', '--schema-only', '--exclude-table=alembic_version', self.name],
                              check=True, capture_output=True, text=True).stdout
        return [line for line in dump.splitlines()
                if line and not line.startswith(('--', '\\')) and 'limbeck' not in line]

    def close(self):
        self.connection.close()
        subprocess.run(['dropdb', self.name], check=True)
