"""A PostgreSQL cluster of the benchmark's own: temporary directory, user postgres, a socket and no port."""
import os
import shutil
import subprocess
import sys
import tempfile

try:
    import psycopg2
except ImportError:
    psycopg2 = None


def as_postgres(command):
    if os.geteuid() == 0:
        return ['runuser', '-u', 'postgres', '--'] + command
    return ['sudo', '-u', 'postgres'] + command


class Connection:
    """One connection in autocommit and its cursor."""

    def __init__(self, server, database):
        self.db = psycopg2.connect(host=server.work, user='postgres', dbname=database,
                                   options='-c client_min_messages=warning')
        self.db.autocommit = True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.db.close()

    def seconds(self):
        """Processor time of the backend."""
        with open(f'/proc/{self.db.info.backend_pid}/schedstat') as file:
            return int(file.read().split()[0]) / 1e9

    def execute(self, sql, values=None):
        self.cursor = self.db.cursor()
        self.cursor.execute(sql, values)
        return True

    def mogrify(self, sql, values):
        return self.db.cursor().mogrify(sql, values)

    def fetchone(self):
        return self.cursor.fetchone()

    def fetchall(self):
        return self.cursor.fetchall()


class Server:
    @classmethod
    def start(cls, top, install):
        """The cluster, or None where there can be none."""
        config = os.environ.get('PG_CONFIG', 'pg_config')
        if psycopg2 is None or shutil.which(config) is None:
            print('PostgreSQL: pg_config or psycopg2 is missing, its rows are left out')
            return None
        return cls(top, config, install)

    def __init__(self, top, config, install):
        def ask(what):
            return subprocess.run([config, what], check=True, capture_output=True, text=True).stdout.strip()

        self.version = ask('--version').split()[1]
        self.bin = ask('--bindir')
        self.work = tempfile.mkdtemp(prefix='limbeck-bench.', dir='/tmp')
        self.data = os.path.join(self.work, 'data')
        os.chmod(self.work, 0o777)
        try:
            if install:
                self.install(top, config)
            self.run([f'{self.bin}/initdb', '-D', self.data, '-E', 'UTF8', '--locale=C', '-A', 'trust', '-N'])
            # as the server comes, but for the locks that thousands of objects in one transaction need, raw or not,
            # and for the work of others in the background
            settings = ("-c listen_addresses='' -c max_locks_per_transaction=2048 "
                        f'-c autovacuum=off -c unix_socket_directories={self.work}')
            self.run([f'{self.bin}/pg_ctl', '-D', self.data, '-w', '-l', f'{self.work}/data/log', '-o', settings,
                      'start'])
        except BaseException:
            self.stop()
            raise

    def run(self, command):
        done = subprocess.run(as_postgres(command), cwd='/', stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, text=True) if 'pg_ctl' not in command[0] else \
            subprocess.run(as_postgres(command), cwd='/', stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if done.returncode != 0:
            sys.exit(f'{command[0]} failed: {done.stdout}')

    def install(self, top, config):
        """Builds from a copy, so that the tree stays as it is."""
        tree = os.path.join(self.work, 'tree')
        for folder in ('core', 'pg_ext'):
            shutil.copytree(os.path.join(top, folder), os.path.join(tree, folder),
                            ignore=shutil.ignore_patterns('*.o', '*.so', '*.bc'))
        root = [] if os.geteuid() == 0 else ['sudo']
        for goal in (['all'], ['install']):
            subprocess.run((root if goal == ['install'] else []) +
                           ['make', '-s', '-C', f'{tree}/pg_ext', 'with_llvm=no', f'PG_CONFIG={config}'] + goal,
                           check=True, stdout=subprocess.DEVNULL)

    def restart(self):
        """Afterwards no page is in the server's memory, and none lies there as a load before has left it."""
        self.run([f'{self.bin}/pg_ctl', '-D', self.data, '-w', '-m', 'fast', '-l', f'{self.work}/data/log', 'restart'])

    def stop(self):
        if os.path.exists(f'{self.data}/postmaster.pid'):
            self.run([f'{self.bin}/pg_ctl', '-D', self.data, '-w', '-m', 'immediate', 'stop'])
        subprocess.run(as_postgres(['rm', '-rf', self.data]), check=False, cwd='/')
        shutil.rmtree(self.work, ignore_errors=True)

    def connect(self, database):
        return Connection(self, database)

    def psql(self, database, *arguments):
        """The command: psql itself, not Debian's script before it."""
        return [f'{self.bin}/psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-h', self.work, '-U', 'postgres',
                '-d', database, *arguments]

    def checkpoint(self):
        with self.connect('postgres') as db:
            db.execute('CHECKPOINT')

    def create(self, database, template='template1'):
        with self.connect('postgres') as db:
            db.execute(f'CREATE DATABASE {database} TEMPLATE {template}')

    def drop(self, database):
        with self.connect('postgres') as db:
            db.execute(f'DROP DATABASE {database}')

    def peak(self, db):
        """The connection's process' peak of resident memory, in KiB."""
        with open(f'/proc/{db.db.info.backend_pid}/status') as file:
            return int(next(line for line in file if line.startswith('VmHWM')).split()[1])
