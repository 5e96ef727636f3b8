"""Other tools on the same histories: each as a whole process by the clock, beside sqlite3 or psql with the raw script.

dbmate comes from npm into build/, Alembic and Sqitch from Debian; who can't be installed is left out, with a
word about it. Every tool applies a history to an empty database and is called again at head. Limbeck
loads the directory and upgrades in one process, as the others read theirs.
"""
import os
import shutil
import statistics
import subprocess
import sys

import histories
from common import TOP, process

# --- the tools ------------------------------------------------------------------------------------------------

def first_line(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout.strip().split('\n')[0]


class Dbmate:
    name = 'dbmate'
    folder = os.path.join(TOP, 'build', 'npm')
    program = os.path.join(folder, 'node_modules', '.bin', 'dbmate')

    def version(self):
        """Installs it if need be; None when that can't be."""
        if not os.path.exists(self.program) and shutil.which('npm'):
            subprocess.run(['npm', 'install', '--silent', '--no-audit', '--no-fund', '--prefix', self.folder, 'dbmate'],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return first_line(self.program, '--version').replace('dbmate version ', '') if os.path.exists(self.program) else None

    def prepare(self, folder, history, database):
        self.command = [self.program, '--url', database.url('postgres', 'sqlite'), '-d', f'{folder}/files',
                        '--no-dump-schema', 'up']


ALEMBIC_ENV = '''
from alembic import context
from sqlalchemy import create_engine
with create_engine(context.config.get_main_option('sqlalchemy.url')).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
'''


class Alembic:
    name = 'Alembic'

    def version(self):
        try:
            import alembic
            return alembic.__version__
        except ImportError:
            return None

    def prepare(self, folder, history, database):
        folder = f'{folder}/alembic-{database.engine}'
        os.makedirs(f'{folder}/versions')
        with open(f'{folder}/env.py', 'w') as file:
            file.write(ALEMBIC_ENV)
        with open(f'{folder}/alembic.ini', 'w') as file:
            url = database.url('postgresql+psycopg2', 'sqlite')
            file.write(f'[alembic]\nscript_location = {folder}\nsqlalchemy.url = {url}\n')
        below = None
        for id, up, down in history:
            with open(f'{folder}/versions/{id}.py', 'w') as file:
                file.write(f'from alembic import op\nrevision = {id!r}\ndown_revision = {below!r}\n')
                for name, sql in (('upgrade', up), ('downgrade', down)):
                    file.write(f'def {name}():\n')
                    file.writelines(f'    op.execute({line!r})\n' for line in sql.split('\n'))
            below = id
        call = f'from alembic.config import main; main(["-c", "{folder}/alembic.ini", "upgrade", "head"])'
        self.command = [sys.executable, '-c', call]


class Sqitch:
    name = 'Sqitch'

    def version(self):
        return first_line('sqitch', '--version').split()[-1].strip('()v') if shutil.which('sqitch') else None

    def prepare(self, folder, history, database):
        folder = f'{folder}/sqitch-{database.engine}'
        for name in ('deploy', 'revert', 'verify'):
            os.makedirs(f'{folder}/{name}')
        with open(f'{folder}/sqitch.conf', 'w') as file:
            file.write('[core]\n\tengine = ' + ('pg' if database.server else 'sqlite')
                       + '\n[user]\n\tname = bench\n\temail = bench@example.org\n')
            if database.server:
                file.write(f'[engine "pg"]\n\tclient = {database.server.bin}/psql\n')
        with open(f'{folder}/sqitch.plan', 'w') as file:
            file.write('%syntax-version=1.0.0\n%project=bench\n\n')
            file.writelines(f'c{id} 2026-01-01T00:00:00Z bench <bench@example.org> # step\n' for id, _, _ in history)
        for id, up, down in history:
            for name, sql in (('deploy', up), ('revert', down)):
                with open(f'{folder}/{name}/c{id}.sql', 'w') as file:
                    file.write(f'BEGIN;\n{sql}\nCOMMIT;\n')
        self.command = ['sqitch', '--chdir', folder, 'deploy', database.url('db:pg', 'db:sqlite')]


class Limbeck:
    name = 'Limbeck'

    def prepare(self, folder, history, database):
        load, up = f"SELECT migrate_load_dir('{folder}/files')", "SELECT migrate_upgrade('heads')"
        if database.server:
            self.command = database.server.psql('peer', '-c', 'SET client_min_messages = warning',
                                                '-c', 'CREATE EXTENSION IF NOT EXISTS limbeck', '-c', load, '-c', up)
        else:
            self.command = ['sqlite3', database.file, f'.load {database.bench.options.library}', load, up]


# --- the databases --------------------------------------------------------------------------------------------

class Database:
    """An empty database named peer on one of the engines."""

    def __init__(self, bench, server):
        self.bench, self.server, self.file = bench, server, bench.path('peer.db')
        self.engine = 'PostgreSQL' if server else 'SQLite'

    def url(self, postgres, sqlite):
        if self.server is None:
            return f'{sqlite}:///{self.file}' if sqlite == 'sqlite' else f'{sqlite}:{self.file}'
        return f'{postgres}://postgres@/peer?host={self.server.work}' + ('&sslmode=disable' if postgres == 'postgres' else '')

    def fresh(self):
        if self.server:
            self.server.create('peer')
            process(self.server.psql('peer', '-c', 'SELECT 1'))
            self.server.checkpoint()
            return
        for name in ('peer.db', 'sqitch.db'):
            if os.path.exists(self.bench.path(name)):
                os.remove(self.bench.path(name))
        os.sync()

    def end(self):
        if self.server:
            self.server.drop('peer')

    def raw(self, folder, history):
        """Seconds of a function that runs the script as a whole process."""
        script = f'{folder}/script-{self.engine}.sql'
        text = histories.upward(history)
        with open(script, 'w') as file:
            file.write(text if self.server else f'BEGIN;\n{text}\nCOMMIT;\n')
        if self.server:
            return lambda: process(self.server.psql('peer', '-1', '-f', script))
        return lambda: process(['sqlite3', self.file], script)

    def bare(self):
        """A connection that does nothing."""
        return process(self.server.psql('peer', '-c', 'SELECT 1') if self.server else ['sqlite3', self.file, 'SELECT 1'])


# --- the runs -------------------------------------------------------------------------------------------------

def one_round(database, tools, raw, up, again):
    database.fresh()
    up.setdefault('raw', []).append(raw())
    again.setdefault('raw', []).append(database.bare())
    database.end()
    for tool in tools:
        database.fresh()
        up.setdefault(tool.name, []).append(process(tool.command))
        again.setdefault(tool.name, []).append(process(tool.command))
        database.end()


def compare(bench, server, tools, count):
    database, history = Database(bench, server), histories.revisions(count)
    folder = os.path.join(server.work if server else bench.work, f'peers{count}-{database.engine}')
    os.makedirs(f'{folder}/files')
    histories.write_files(history, f'{folder}/files')
    for name in (folder, f'{folder}/files'):
        os.chmod(name, 0o755)
    for tool in tools:
        tool.prepare(folder, history, database)
    raw, up, again = database.raw(folder, history), {}, {}
    for _ in range(bench.rounds):
        one_round(database, tools, raw, up, again)
    shutil.rmtree(folder)
    for times, what in ((up, f'{count} revisions up'), (again, f'at head of {count} already')):
        base = statistics.median(times.pop('raw'))
        own = statistics.median(times['Limbeck'])
        for name, seconds in times.items():
            value = statistics.median(seconds)
            bench.report.row(f'{database.engine}, {what}, {name}', f'{base * 1000:.0f} ms', f'{value * 1000:.0f} ms',
                             f'{value / base:.2f}', '' if name == 'Limbeck' else 'Limbeck is faster',
                             name == 'Limbeck' or own < value)


def measure(bench):
    tools = [Limbeck()]
    versions = []
    for tool in (Dbmate(), Alembic(), Sqitch()):
        version = tool.version()
        if version is None:
            print(f'{tool.name} could not be installed: its rows are left out', file=sys.stderr)
            continue
        tools.append(tool)
        versions.append(f'{tool.name} {version}')
    bench.report.begin(f'Other tools ({", ".join(versions) or "none is there"}): whole processes by the clock; the columns are raw '
                       'and the tool, raw at head is a connection that does nothing')
    for count in (100, 1000) if bench.options.full else (100,):
        for server in (None, bench.server) if bench.server else (None,):
            compare(bench, server, tools, count)
