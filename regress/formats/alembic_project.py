"""A real Alembic project: branches, a merge, a second base, dependencies, data migrations."""
import os
import subprocess
import sys

INI = '''[alembic]
script_location = {0}
[loggers]
keys = root, alembic
[handlers]
keys = console
[formatters]
keys = generic
[logger_root]
level = WARN
handlers = console
[logger_alembic]
level = INFO
handlers =
qualname = alembic
[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = generic
[formatter_generic]
format = %(levelname)-5.5s [%(name)s] %(message)s
'''

ENV = '''import os
from logging.config import fileConfig
from alembic import context
from sqlalchemy import create_engine
fileConfig(context.config.config_file_name)
url = os.environ['PROJECT_URL']
options = {'transaction_per_migration': 'PROJECT_EACH' in os.environ}
if context.is_offline_mode():
    context.configure(url=url, literal_binds=True, **options)
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(url).connect() as connection:
        context.configure(connection=connection, **options)
        with context.begin_transaction():
            context.run_migrations()
'''

REVISION = '''"""{message}"""
from alembic import op
import sqlalchemy as sa
revision = {id!r}
down_revision = {down!r}
branch_labels = {label!r}
depends_on = {depends!r}

def upgrade():
    {up}

def downgrade():
    {back}
'''

REVISIONS = [
    ('a001', None, "create users, it's first", None, None,
     "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True),\n"
     "                    sa.Column('name', sa.String(50), nullable=False))",
     "op.drop_table('users')"),
    ('a002', 'a001', 'seed users', None, None,
     "users = sa.table('users', sa.column('id', sa.Integer), sa.column('name', sa.String))\n"
     "    op.bulk_insert(users, [{'id': 1, 'name': \"O'Hara; -- x\"}, {'id': 2, 'name': 'Ada'}])",
     "op.execute('DELETE FROM users')"),
    ('b001', 'a002', 'billing', 'billing', None,
     "op.create_table('bills', sa.Column('id', sa.Integer, primary_key=True))\n"
     "    op.execute('INSERT INTO bills VALUES (7)')",
     "op.drop_table('bills')"),
    ('c001', 'a002', 'full names', None, None,
     "op.add_column('users', sa.Column('full_name', sa.String(100)))\n"
     "    op.execute(\"UPDATE users SET full_name = name || ' X'\")",
     "op.execute('ALTER TABLE users DROP COLUMN full_name')"),
    ('e001', None, 'logs', None, None,
     "op.create_table('logs', sa.Column('id', sa.Integer, primary_key=True))",
     "op.drop_table('logs')"),
    ('d001', ('b001', 'c001'), 'merge billing and names', None, None, 'pass', 'pass'),
    ('d002', 'd001', 'an index', None, ('e001',),
     "op.create_index('users_name', 'users', ['name'])",
     "op.drop_index('users_name', 'users')"),
    ('d003', 'd002', 'a statement that PostgreSQL wants alone', None, None,
     "if op.get_context().dialect.name == 'postgresql' and 'PROJECT_ALONE' in __import__('os').environ:\n"
     "        with op.get_context().autocommit_block():\n"
     "            op.execute('CREATE INDEX CONCURRENTLY users_full ON users (full_name)')\n"
     "    else:\n"
     "        op.execute('CREATE INDEX users_full ON users (full_name)')",
     "op.execute('DROP INDEX users_full')"),
]


class Project:
    def __init__(self, folder):
        self.folder = folder
        os.makedirs(os.path.join(folder, 'versions'))
        self.write('alembic.ini', INI.format(folder))
        self.write('env.py', ENV)
        for id, down, message, label, depends, up, back in REVISIONS:
            self.write(f'versions/{id}.py', REVISION.format(id=id, down=down, message=message, label=label,
                                                            depends=depends, up=up, back=back))

    def write(self, name, text):
        with open(os.path.join(self.folder, name), 'w', encoding='utf-8') as f:
            f.write(text)

    def run(self, url, *arguments, log=False, **settings):
        """What alembic prints, with its log among it where that is wanted."""
        done = subprocess.run([sys.executable, '-m', 'alembic.config', '-c', os.path.join(self.folder, 'alembic.ini'),
                               *arguments],
                              env={**os.environ, 'PROJECT_URL': url, **settings}, check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT if log else subprocess.PIPE)
        if done.returncode != 0:
            raise RuntimeError(done.stdout + (done.stderr or ''))
        return done.stdout
