"""A PostgreSQL cluster of the test's own: temporary directory, user postgres, a socket and no port."""
import contextlib
import os
import shutil
import subprocess
import tempfile

import psycopg2


def as_postgres(command):
    """The command so that it runs as an unprivileged user."""
    if os.geteuid() == 0:
        return ['runuser', '-u', 'postgres', '--'] + command
    return ['sudo', '-u', 'postgres'] + command


@contextlib.contextmanager
def cluster():
    """Yields a connection to a new cluster, which is gone afterwards."""
    config = os.environ.get('PG_CONFIG', 'pg_config')
    bin = subprocess.run([config, '--bindir'], check=True, capture_output=True, text=True).stdout.strip()
    work = tempfile.mkdtemp(prefix='limbeck-alter.', dir='/tmp')
    data = os.path.join(work, 'data')
    os.chmod(work, 0o777)
    quiet = {'check': True, 'stdout': subprocess.DEVNULL, 'cwd': '/'}
    try:
        subprocess.run(as_postgres([f'{bin}/initdb', '-D', data, '-E', 'UTF8', '--locale=C', '-A', 'trust',
                                    '-N']), **quiet)
        options = f"-c listen_addresses='' -c unix_socket_directories={work} -c fsync=off"
        subprocess.run(as_postgres([f'{bin}/pg_ctl', '-D', data, '-w', '-l', f'{data}/log', '-o', options,
                                    'start']), **quiet)
        try:
            connection = psycopg2.connect(host=work, user='postgres', dbname='postgres')
            connection.autocommit = True
            yield connection
            connection.close()
        finally:
            subprocess.run(as_postgres([f'{bin}/pg_ctl', '-D', data, '-w', '-m', 'immediate', 'stop']),
                           **quiet)
    finally:
        subprocess.run(as_postgres(['rm', '-rf', data]), check=False, cwd='/')
        shutil.rmtree(work, ignore_errors=True)
