#!/usr/bin/python3
"""Directories of other tools and a real Alembic project, loaded, run, exported, adopted.

    regress/formats/run.py               on SQLite
    regress/formats/run.py --postgres    on the PostgreSQL that PGHOST, PGPORT and PGUSER say
"""
import os
import shutil
import sys
import tempfile
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import engines  # noqa: E402
import layouts  # noqa: E402
from alembic_project import REVISIONS, Project  # noqa: E402

LARGE = 50 << 20


def write(folder, files):
    os.makedirs(folder)
    for name, text in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as f:
            f.write(text if isinstance(text, bytes) else text.encode())
    return folder


class Tests:
    def __init__(self, engine, folder):
        self.engine = engine
        self.folder = folder
        self.passed = self.failed = 0
        self.directories = 0
        self.open = []
        self.shared = None

    def database(self):
        self.open.append(self.engine.new())
        return self.open[-1]

    def empty_database(self):
        """One for all tests that leave nothing in it."""
        if self.shared is None:
            self.shared = self.engine.new()
        return self.shared

    def directory(self, files):
        self.directories += 1
        return write(os.path.join(self.folder, f'd{self.directories}'), files)

    def test(self, name, function, *arguments):
        try:
            function(*arguments)
            self.passed += 1
            print(f'ok {self.engine.name}: {name}', flush=True)
        except Exception:  # whatever goes wrong is this test's failure
            self.failed += 1
            traceback.print_exc(file=sys.stdout)
            print(f'not ok {self.engine.name}: {name}', flush=True)
        for database in self.open:
            database.close()
        self.open = []


def equal(got, wanted):
    assert got == wanted, f'\n got    {got!r}\n wanted {wanted!r}'


def value(database, sql, *values):
    return database.rows(sql, *values)[0][0]


def fails(database, sql, *values):
    try:
        database.rows(sql, *values)
    except engines.Failure as failure:
        return str(failure)
    raise AssertionError(f'no error: {sql}')


def export(database):
    return database.rows('SELECT name, script FROM migrate_export()')


def load(database, folder, format=None):
    return value(database, 'SELECT migrate_load_dir(?, ?)', folder, format)


# --- other tools' directories ------------------------------------------------------------------


def a_layout(t, format):
    files, revisions = layouts.LAYOUTS[format]
    folder = t.directory(files)
    d = t.database()
    count = len(revisions)
    equal(load(d, folder, format), f'{count} new, 0 replaced, 0 unchanged')
    equal(d.rows('SELECT revision, down_revision, message, CAST(downgrade IS NOT NULL AS int) FROM '
                 "migrate_show('{}')".format(', '.join(r[0] for r in revisions))), revisions)
    equal(load(d, folder, format), f'0 new, 0 replaced, {count} unchanged')
    if format != 'supabase':  # told from `plain` by its name alone
        equal(load(d, folder), f'0 new, 0 replaced, {count} unchanged')
    equal(d.rows('SELECT * FROM migrate_validate()'), [])
    other = t.database()
    exported = t.directory(dict(export(d)))
    equal(load(other, exported), f'{count} new, 0 replaced, 0 unchanged')
    equal(export(other), export(d))
    if format != 'sqlx':  # its second one runs outside of transactions
        assert value(d, 'SELECT migrate_upgrade()').startswith('upgraded base -> ')
        d.rows("INSERT INTO users (id, name) VALUES (1, 'Ada')")
        if revisions[0][3]:
            value(d, "SELECT migrate_downgrade('base')")
            assert 'users' in fails(d, 'SELECT * FROM users')
    equal(load(d, folder, format), f'0 new, 0 replaced, {count} unchanged')


def without_transaction(t, format):
    files, revision = layouts.NO_TRANSACTION[format]
    d = t.database()
    load(d, t.directory(files), format)
    equal(bool(value(d, 'SELECT upgrade_transactional FROM migrate_show(?)', revision)), False)


def refused(t, files, format, message):
    d = t.empty_database()
    failure = fails(d, 'SELECT migrate_load_dir(?, ?)', t.directory(files), format)
    assert failure.startswith(message), failure
    assert '\nHINT:  ' in failure or 'NUL' in failure or 'marker' in failure, failure
    equal(value(d, 'SELECT count(*) FROM migrate_history()'), 0)


def odd_text(t, files, revision, upgrade):
    d = t.database()
    load(d, t.directory(files))
    equal(value(d, 'SELECT upgrade FROM migrate_show(?)', revision), upgrade)
    equal(d.rows('SELECT * FROM migrate_validate()'), [])


def changes_after_loading(t):
    files = {'1_a.up.sql': 'CREATE TABLE a (i int);\n', '3_c.up.sql': 'CREATE TABLE c (i int);\n'}
    folder = t.directory(files)
    d = t.database()
    gap = '; a gap between 1 and 3: if a file is missing, load it before 3 is applied'
    equal(load(d, folder), '2 new, 0 replaced, 0 unchanged' + gap)
    write_one = lambda name, text: open(os.path.join(folder, name), 'w', encoding='utf-8').write(text)
    write_one('3_c.up.sql', 'CREATE TABLE c (j int);\n')
    equal(load(d, folder), '0 new, 1 replaced, 1 unchanged' + gap)
    os.remove(os.path.join(folder, '1_a.up.sql'))
    failure = fails(d, 'SELECT migrate_load_dir(?)', folder)
    assert failure.startswith('3_c.up.sql: a gap: revision "3" was stored after "1", and no file here is "1"'), failure
    assert '\nHINT:  Put the file of "1" back, or ' in failure, failure
    write_one('1_a.up.sql', files['1_a.up.sql'])
    value(d, "SELECT migrate_upgrade('1')")
    write_one('1_a.up.sql', 'CREATE TABLE a (j int);\n')
    failure = fails(d, 'SELECT migrate_load_dir(?)', folder)
    assert failure.startswith('1_a.up.sql: revision "1" is applied and its file has changed: checksum '), failure
    write_one('1_a.up.sql', files['1_a.up.sql'])
    value(d, "SELECT migrate_upgrade('3')")
    write_one('2_b.up.sql', 'CREATE TABLE b (i int);\n')
    failure = fails(d, 'SELECT migrate_load_dir(?)', folder)
    assert 'comes before revision "3" (3_c.up.sql), which is applied' in failure, failure
    assert 'HINT:  Rename 2_b.up.sql' in failure, failure
    os.rename(os.path.join(folder, '2_b.up.sql'), os.path.join(folder, '4_b.up.sql'))
    equal(load(d, folder), '1 new, 0 replaced, 2 unchanged')
    os.remove(os.path.join(folder, '1_a.up.sql'))
    failure = fails(d, 'SELECT migrate_load_dir(?)', folder)
    assert 'put missing files back' in failure, failure


def fifty_megabytes(t):
    row = "INSERT INTO t VALUES ('" + 'x' * 1000 + "; -- '' $$');\n"
    text = '-- +goose Up\nCREATE TABLE t (x text);\n' + row * (LARGE // len(row) + 1)
    folder = t.directory({'1_large.sql': text + '-- +goose Down\nDROP TABLE t;\n'})
    d = t.database()
    equal(load(d, folder), '1 new, 0 replaced, 0 unchanged')
    equal(load(d, folder), '0 new, 0 replaced, 1 unchanged')
    value(d, 'SELECT migrate_upgrade()')
    equal(value(d, 'SELECT count(*) FROM t'), LARGE // len(row) + 1)
    value(d, "SELECT migrate_downgrade('base')")


def from_the_client(t, format):
    """psql reads the directory and sends it."""
    files, revisions = layouts.LAYOUTS[format]
    folder = t.directory(files)
    odd = os.path.join(os.path.dirname(folder), f"{format}'s $(echo) dir")
    os.rename(folder, odd)
    d = t.database()
    output = d.psql(['-v', 'dir=' + odd] + (['-v', 'format=' + format] if format == 'supabase' else []))
    assert f'{len(revisions)} new, 0 replaced, 0 unchanged' in output, output
    equal(load(d, odd, format), f'0 new, 0 replaced, {len(revisions)} unchanged')
    output = d.psql(['-v', 'dir=' + odd + '/none'])
    assert 'cannot read directory "' in output, output


# --- version tables ---------------------------------------------------------------------------------

ADOPTED = {
    'dbmate': ('limbeck', "CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY);"
                          "INSERT INTO schema_migrations VALUES ('001')", '001'),
    'golang-migrate': ('golang-migrate', 'CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean);'
                                         'INSERT INTO schema_migrations VALUES (1, false)', '000001'),
    'goose': ('goose', 'CREATE TABLE goose_db_version (id integer PRIMARY KEY, version_id bigint, is_applied boolean);'
                       'INSERT INTO goose_db_version VALUES (1, 0, true), (2, 1, true), (3, 2, true), (4, 2, false)',
              '00001'),
    'diesel': ('diesel', "CREATE TABLE __diesel_schema_migrations (version varchar(50) PRIMARY KEY);"
                         "INSERT INTO __diesel_schema_migrations VALUES ('20260110093000')", '20260110093000'),
    'flyway': ('flyway', 'CREATE TABLE flyway_schema_history (installed_rank int PRIMARY KEY, version varchar(50),'
                         ' type varchar(20), success boolean);'
                         "INSERT INTO flyway_schema_history VALUES (1, '1.9', 'SQL', true)", '1.9'),
}


def an_adoption(t, tool):
    format, table, version = ADOPTED[tool]
    d = t.database()
    load(d, t.directory(layouts.LAYOUTS[format][0]), format)
    failure = fails(d, 'SELECT migrate_adopt(?)', tool)
    assert failure.startswith('there is no table "'), failure
    d.script(layouts.UP)
    d.script(table)
    equal(value(d, 'SELECT migrate_adopt(?)', tool), f'adopted base -> {version}')
    equal(value(d, 'SELECT migrate_adopt(?)', tool), f'already at {version}')
    equal(d.rows("SELECT revision, to_version, outcome FROM migrate_log WHERE action = 'adopt'"), [(version, version, 'done')])
    last = layouts.LAYOUTS[format][1][-1][0]
    equal(value(d, 'SELECT migrate_upgrade()'), f'upgraded {version} -> {last} (1 revision)')
    failure = fails(d, 'SELECT migrate_adopt(?)', tool)
    assert failure.startswith(f'the ledger stands at {last} already'), failure


# --- Alembic ------------------------------------------------------------------------------------------


def contents(d):
    return [d.rows('SELECT * FROM users ORDER BY id'), d.rows('SELECT * FROM bills'), d.rows('SELECT * FROM logs')]


def from_alembic(t, log, **settings):
    project = Project(os.path.join(t.folder, f'project{t.directories}{log}{len(settings)}'))
    by_alembic, half, fresh = t.database(), t.database(), t.database()
    up = project.run(fresh.url, 'upgrade', 'base:heads', '--sql', log=log, **settings)
    down = project.run(fresh.url, 'downgrade', 'heads:base', '--sql', log=log, **settings)
    project.run(by_alembic.url, 'upgrade', 'heads', **settings)
    project.run(half.url, 'upgrade', 'b001', **settings)
    project.run(half.url, 'upgrade', 'c001', **settings)
    count = len(REVISIONS)
    for d in (by_alembic, half, fresh):
        equal(value(d, "SELECT migrate_import('alembic', ?, ?)", up, down), f'{count} new, 0 replaced, 0 unchanged')
    equal(value(half, "SELECT migrate_import('alembic', ?, ?)", up, down), f'0 new, 0 replaced, {count} unchanged')
    graph = {r: (sorted((down or '').split(', ')), deps) for r, down, deps in
             fresh.rows('SELECT revision, down_revision, depends_on FROM migrate_history()')}
    for id, parent, message, _label, depends, _up, _back in REVISIONS:
        wanted = sorted(parent) if isinstance(parent, tuple) else [parent or '']
        equal(graph[id], (wanted, ', '.join(depends) if depends else None))
        if log:
            equal(value(fresh, 'SELECT message FROM migrate_show(?)', id), message)
    assert 'alembic_version' not in ''.join(script for _name, script in export(fresh))
    equal(value(by_alembic, "SELECT migrate_adopt('alembic')"), 'adopted base -> d003')
    equal(value(half, "SELECT migrate_adopt('alembic')"), 'adopted base -> b001, c001')
    equal(value(half, "SELECT migrate_upgrade('heads')"), 'upgraded b001, c001 -> d003 (4 revisions)')
    equal(value(fresh, "SELECT migrate_upgrade('heads')"), f'upgraded base -> d003 ({count} revisions)')
    equal(half.schema(), by_alembic.schema())
    equal(fresh.schema(), by_alembic.schema())
    equal(contents(half), contents(by_alembic))
    equal(contents(fresh), contents(by_alembic))
    value(by_alembic, "SELECT migrate_revision('goes on', 'CREATE TABLE more (i int)', 'DROP TABLE more', 'f001')")
    equal(value(by_alembic, 'SELECT migrate_upgrade()'), 'upgraded d003 -> f001 (1 revision)')
    for d in (by_alembic, half, fresh):
        value(d, "SELECT migrate_downgrade('base')")
        equal([line for line in d.schema() if 'CREATE TABLE' in line], [])
        equal(d.rows('SELECT * FROM migrate_validate()'), [])


def alone_in_alembic(t):
    project = Project(os.path.join(t.folder, 'alone'))
    d = t.database()
    up = project.run('postgresql://x/y', 'upgrade', 'base:heads', '--sql', PROJECT_ALONE='1')
    value(d, "SELECT migrate_import('alembic', ?, NULL)", up)
    equal([(bool(flag), body, down) for flag, body, down in
           d.rows("SELECT upgrade_transactional, upgrade, downgrade FROM migrate_show('d003')")],
          [(False, 'CREATE INDEX CONCURRENTLY users_full ON users (full_name);', None)])
    equal(bool(value(d, "SELECT upgrade_transactional FROM migrate_show('d002')")), True)


def main():
    postgres = '--postgres' in sys.argv[1:]
    folder = tempfile.mkdtemp(prefix='limbeck-formats-')
    os.chmod(folder, 0o755)
    t = Tests((engines.Postgres if postgres else engines.Sqlite)(folder), folder)
    try:
        for format in layouts.LAYOUTS:
            t.test(f'{format}: loaded, exported, up and down', a_layout, t, format)
        for format in layouts.NO_TRANSACTION:
            t.test(f'{format}: outside of transactions', without_transaction, t, format)
        for files, format, message in layouts.REFUSED:
            t.test(f'refused: {message}', refused, t, files, format, message)
        for files, revision, upgrade in layouts.ODD_TEXT:
            t.test(f'text: {upgrade!r}', odd_text, t, files, revision, upgrade)
        t.test('changed, out of order and missing files', changes_after_loading, t)
        t.test('50 MB of INSERTs', fifty_megabytes, t)
        for tool in ADOPTED:
            t.test(f'{tool}: adopted', an_adoption, t, tool)
        t.test('Alembic: imported with its log, adopted', from_alembic, t, True)
        t.test('Alembic: imported without its log', from_alembic, t, False)
        if postgres:
            for format in layouts.LAYOUTS:
                t.test(f'{format}: from the client', from_the_client, t, format)
            t.test('Alembic: a transaction for each revision', lambda: from_alembic(t, False, PROJECT_EACH='1'))
            t.test('Alembic: a statement outside of transactions', alone_in_alembic, t)
    finally:
        if t.shared is not None:
            t.shared.close()
        shutil.rmtree(folder)
    print(f'{t.passed} passed, {t.failed} failed')
    return 1 if t.failed or not t.passed else 0


if __name__ == '__main__':
    sys.exit(main())
