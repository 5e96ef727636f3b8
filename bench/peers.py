"""Other tools on the same histories: each as a process, against sqlite3 or psql with the raw script.

dbmate comes from npm into a directory of the run, Alembic and Sqitch from Debian; who isn't there is left out.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

import histories

cache = os.path.join(tempfile.gettempdir(), 'limbeck-bench-npm')


def dbmate():
    """The program, installed by npm if need be; None without."""
    program = os.path.join(cache, 'node_modules', '.bin', 'dbmate')
    if not os.path.exists(program) and shutil.which('npm'):
        subprocess.run(['npm', 'install', '--prefix', cache, 'dbmate'], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
    return program if os.path.exists(program) else None


def versions():
    def ask(*command):
        return subprocess.run(command, capture_output=True, text=True).stdout.strip().split('\n')[0]

    if dbmate():
        yield ask(dbmate(), '--version').replace('version ', '')
    try:
        import alembic
        yield f'alembic {alembic.__version__}'
    except ImportError:
        pass
    if shutil.which('sqitch'):
        yield ask('sqitch', '--version').split(' (')[0].replace('(App::Sqitch) ', '')


ALEMBIC_ENV = '''
from alembic import context
from sqlalchemy import create_engine
with create_engine(context.config.get_main_option('sqlalchemy.url')).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
'''


def alembic_project(folder, history, url):
    os.makedirs(f'{folder}/versions')
    with open(f'{folder}/env.py', 'w') as file:
        file.write(ALEMBIC_ENV)
    with open(f'{folder}/alembic.ini', 'w') as file:
        file.write(f'[alembic]\nscript_location = {folder}\nsqlalchemy.url = {url}\n')
    below = None
    for id, up, down in history:
        with open(f'{folder}/versions/{id}.py', 'w') as file:
            file.write(f'from alembic import op\nrevision = {id!r}\ndown_revision = {below!r}\n')
            for name, sql in (('upgrade', up), ('downgrade', down)):
                file.write(f'def {name}():\n')
                file.writelines(f'    op.execute({line!r})\n' for line in sql.split('\n'))
        below = id
    return [sys.executable, '-c', f'from alembic.config import main; main(["-c", "{folder}/alembic.ini", '
            '"upgrade", "head"])']


def sqitch_project(folder, history, engine):
    for name in ('deploy', 'revert', 'verify'):
        os.makedirs(f'{folder}/{name}')
    with open(f'{folder}/sqitch.conf', 'w') as file:
        file.write(f'[core]\n\tengine = {engine}\n[user]\n\tname = bench\n\temail = bench@example.org\n')
    with open(f'{folder}/sqitch.plan', 'w') as file:
        file.write('%syntax-version=1.0.0\n%project=bench\n\n')
        file.writelines(f'c{id} 2026-01-01T00:00:00Z bench <bench@example.org> # step\n' for id, _, _ in history)
    for id, up, down in history:
        for name, sql in (('deploy', up), ('revert', down)):
            with open(f'{folder}/{name}/c{id}.sql', 'w') as file:
                file.write(f'BEGIN;\n{sql}\nCOMMIT;\n')


def run(command, **options):
    begun = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode != 0:
        sys.exit(f'{command[0]}: {done.stdout[-500:]}')
    return time.perf_counter() - begun


def prepare(folder, history):
    """Projects of all tools below the folder."""
    os.makedirs(f'{folder}/files')
    histories.write_files(history, f'{folder}/files')
    with open(f'{folder}/script.sql', 'w') as file:
        file.write(histories.upward(history))
    with open(f'{folder}/sqlite.sql', 'w') as file:
        file.write(f'PRAGMA synchronous = OFF;\nBEGIN;\n{histories.upward(history)}\nCOMMIT;\n')


def sqlite_ways(folder, library, history, db):
    yield 'raw', ['sh', '-c', f'sqlite3 {db} < {folder}/sqlite.sql']
    yield 'Limbeck, load and upgrade', ['sqlite3', db, 'PRAGMA synchronous = OFF', f'.load {library}',
                                        f"SELECT migrate_load_dir('{folder}/files')",
                                        "SELECT migrate_upgrade('heads')"]
    if dbmate():
        yield 'dbmate', [dbmate(), '--url', f'sqlite:{db}', '-d', f'{folder}/files', '--no-dump-schema', 'up']
    try:
        __import__('alembic')
        yield 'Alembic', alembic_project(f'{folder}/alembic', history, f'sqlite:///{db}')
    except ImportError:
        pass
    if shutil.which('sqitch') and len(history) <= 100:
        sqitch_project(f'{folder}/sqitch', history, 'sqlite')
        yield 'Sqitch', ['sh', '-c', f'cd {folder}/sqitch && sqitch deploy db:sqlite:{db}']


def postgres_ways(folder, server, history):
    options = f'host={server.work} user=postgres dbname=peer'
    yield 'raw', ['psql', '-X', '-q', '-1', '-f', f'{folder}/script.sql', options]
    yield 'Limbeck, load and upgrade', ['psql', '-X', '-q', options, '-c', 'SET client_min_messages = warning',
                                        '-c', 'CREATE EXTENSION limbeck',
                                        '-c', f"SELECT migrate_load_dir('{folder}/files')",
                                        '-c', "SELECT migrate_upgrade('heads')"]
    if dbmate():
        yield 'dbmate', [dbmate(), '--url', f'postgres://postgres@/peer?host={server.work}&sslmode=disable',
                         '-d', f'{folder}/files', '--no-dump-schema', 'up']
    try:
        __import__('alembic')
        url = f'postgresql+psycopg2://postgres@/peer?host={server.work}'
        yield 'Alembic', alembic_project(f'{folder}/alembic-pg', history, url)
    except ImportError:
        pass


def measure(work, server, library, history, rounds):
    """(tool, engine, seconds of raw, seconds of the tool) for every tool that is there."""
    folder = tempfile.mkdtemp(dir=server.work if server else work)
    os.chmod(folder, 0o755)
    prepare(folder, history)
    os.chmod(f'{folder}/files', 0o755)
    engines = [('SQLite', list(sqlite_ways(folder, library, history, f'{work}/peer.db')))]
    if server:
        engines.append(('PostgreSQL', list(postgres_ways(folder, server, history))))
    for engine, ways in engines:
        times = {}
        for _ in range(rounds):
            for name, command in ways:
                if engine == 'SQLite':
                    for file in ('peer.db', 'sqitch.db'):
                        if os.path.exists(f'{work}/{file}'):
                            os.remove(f'{work}/{file}')
                else:
                    server.create('peer')
                times.setdefault(name, []).append(run(command))
                if engine != 'SQLite':
                    server.drop('peer')
        for name, _ in ways[1:]:
            yield name, engine, times['raw'], times[name]
