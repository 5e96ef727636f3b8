#!/usr/bin/python3
"""Scripts of migrate_upgrade_sql() and migrate_downgrade_sql(), run by the stock sqlite3 shell or psql -1,
do what the calls do; files of migrate_export() load back to the same ledger. Random histories.

    regress/offline/offline.py [--engine sqlite|postgres] [--histories N] [--seed N]

For PostgreSQL the extension is installed and PGHOST, PGPORT, PGUSER name a running cluster.
"""
import argparse
import os
import random
import shutil
import sys
import tempfile

from engines import Failed, Postgres, Sqlite
from histories import History

passed = failed = 0
kinds = {}  # how often each property was looked at


def check(what, good, detail=''):
    global passed, failed
    kind = what.split(': ', 1)[-1]
    kinds[kind] = kinds.get(kind, 0) + 1
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f'not ok - {what}\n{detail}', flush=True)
    return good


def differences(a, b):
    """What two snapshots do not have in common."""
    lines = []
    for key in sorted(set(a) | set(b)):
        x, y = a.get(key), b.get(key)
        if x != y:
            lines += [f'{key}:'] + [f'  < {r}' for r in x or [] if r not in (y or [])]
            lines += [f'  > {r}' for r in y or [] if r not in (x or [])] or ['  (in another order)']
    return '\n'.join(lines)


def same(what, a, b, note=''):
    return check(what, a == b, note + differences(a, b))


def store(engine, database, history):
    for r in history.revisions:
        if r.by_file:
            engine.call(database, 'SELECT migrate_load(%s, %s)', r.file(), 'file.sql')
        else:
            engine.call(database, 'SELECT migrate_revision(%s, %s, %s, %s, %s, %s, %s, %s)', r.message, r.upgrade, r.downgrade,
                        r.name, ', '.join(r.parents) or 'base', True, ', '.join(r.labels) or None,
                        ', '.join(r.deps) or None)


def current(engine, database):
    return engine.call(database, 'SELECT current FROM migrate_status()')[0][0]


# --- scripts ------------------------------------------------------------------------------------------

def script_like_call(engine, history, database, operation, target, note, keys):
    """From where the database is: the script on one copy, the call on another."""
    extra = {'foreign_keys': keys} if engine.name == 'sqlite' else {}
    by_call, by_script = engine.copy(database), engine.copy(database)
    try:
        try:
            answer = engine.call(by_call, f'SELECT migrate_{operation}(%s)', target, **extra)[0][0]
        except Failed as e:
            answer = e
        try:
            script = engine.call(database, f'SELECT migrate_{operation}_sql(%s)', target, **extra)[0][0]
        except Failed as e:
            check(f'{note}: refused alike', isinstance(answer, Failed) and
                  str(e).split('\n')[0] == str(answer).split('\n')[0], f'{e}\n--- the call: {answer}')
            return None
        if isinstance(answer, Failed):
            # what fails only when it runs fails in the script as well, and leaves nothing
            code, said = engine.run(by_script, script)
            check(f'{note}: fails as the call does', code != 0, f'{answer}\n{said}')
            same(f'{note}: nothing is left', engine.snapshot(database), engine.snapshot(by_script))
            return None
        again = engine.call(database, f'SELECT migrate_{operation}_sql(%s)', target, **extra)[0][0]
        check(f'{note}: the same script again', script == again)
        code, said = engine.run(by_script, script)
        check(f'{note}: runs', code == 0, said + script)
        if not same(f'{note}: the same', engine.snapshot(by_call), engine.snapshot(by_script), script):
            return None
        if answer.startswith('already'):
            return None
        broken_in_the_middle(engine, database, script, note)
        code, said = engine.run(by_script, script)
        check(f'{note}: refuses a second time', code != 0 and 'this script starts at' in said, said)
        return script
    finally:
        engine.drop(by_call)
        engine.drop(by_script)


def broken_in_the_middle(engine, database, script, note):
    """A statement that fails before the last version row is written undoes everything."""
    at = script.rindex('migrate_log (at, actor')
    at = script.rindex('\n', 0, at) + 1
    broken = script[:at] + 'INSERT INTO no_such_table VALUES (1);\n' + script[at:]
    copy = engine.copy(database)
    code, said = engine.run(copy, broken)
    check(f'{note}: a failure is told', code != 0 and 'no_such_table' in said, said)
    same(f'{note}: a failure leaves nothing', engine.snapshot(database), engine.snapshot(copy))
    engine.drop(copy)


def on_new_database(engine, history, database, note):
    """base:heads on an empty database gives the schema and the ledger of a database that loaded and
    upgraded, except that the log says load for revisions made by a call."""
    script = engine.call(database, 'SELECT migrate_upgrade_sql(%s)', 'base:heads')[0][0]
    empty, full = engine.create(), engine.copy(database)
    engine.call(full, 'SELECT migrate_upgrade(%s)', 'heads')
    code, said = engine.run(empty, script)
    check(f'{note}: runs on an empty database', code == 0, said)
    a, b = engine.snapshot(full), engine.snapshot(empty)
    for snapshot in (a, b):
        snapshot['log'] = [tuple('load' if c in ('revision', 'merge') else c for c in row) for row in snapshot['log']]
    same(f'{note}: an empty database becomes the same', a, b, script)
    check(f'{note}: and is sound', engine.call(empty, 'SELECT * FROM migrate_validate()') == [])
    engine.drop(empty)
    engine.drop(full)


def scripts(engine, seed):
    history = History(seed, engine.name)
    rnd = random.Random(seed)
    database = engine.create()
    note = f'{engine.name} {seed}'
    store(engine, database, history)
    on_new_database(engine, history, database, note)
    names = [r.name for r in history.revisions]
    for step in range(3):
        up = step == 0 or rnd.random() < 0.5
        operation = 'upgrade' if up else 'downgrade'
        target = rnd.choice(names + (['heads', '+1'] if up else ['base', '-1']))
        script_like_call(engine, history, database, operation, target, f'{note} {operation} {target}', rnd.random() < 0.5)
        try:
            engine.call(database, f'SELECT migrate_{operation}(%s)', target)
        except Failed:
            pass
    # a range gives the same script wherever it is written, as long as the schema is that of the start
    here = current(engine, database)
    if ', ' not in here:
        for operation, target in (('upgrade', 'heads'), ('downgrade', 'base')):
            scripts_of = []
            for text in (target, f'{here}:{target}', f'current:{target}'):
                try:
                    scripts_of.append(engine.call(database, f'SELECT migrate_{operation}_sql(%s)', text)[0][0])
                except Failed as e:
                    scripts_of.append(str(e))
            check(f'{note}: a bare target and a range from here', len(set(scripts_of)) == 1, '\n=====\n'.join(scripts_of))
    engine.drop(database)


# --- guards -------------------------------------------------------------------------------------------

def refuses(engine, database, script, words, what, *options):
    before = engine.snapshot(database)
    code, said = engine.run(database, script, *options)
    check(f'{engine.name}: {what}', all(w in said for w in words), said)
    same(f'{engine.name}: {what}, and nothing is done', before, engine.snapshot(database))


def guards(engine):
    database, other = engine.create(), engine.create()
    for base in (database, other):
        engine.call(base, 'SELECT migrate_revision(%s, %s, %s, %s)', 'one', 'CREATE TABLE one (id int)', 'DROP TABLE one', '001')
    engine.call(database, 'SELECT migrate_revision(%s, %s, %s, %s)', 'two', 'CREATE TABLE two (id int)', 'DROP TABLE two', '002')
    script = engine.call(database, 'SELECT migrate_upgrade_sql(%s)', '001:002')[0][0]
    refuses(engine, other, script, ['this script starts at 001', 'the database is at base' if engine.name == 'postgres' else 'not there'],
            'another version is refused')
    refuses(engine, engine.create(), script, ['ledger' if engine.name == 'sqlite' else 'is not installed in this database'],
            'a database without a ledger is refused')
    engine.call(other, 'SELECT migrate_upgrade()')
    engine.call(other, 'SELECT migrate_revision(%s, %s, %s, %s)', 'two', 'CREATE TABLE zwei (id int)', 'DROP TABLE zwei', '002')
    refuses(engine, other, script, ['stored with other content', '002'], 'other content is refused')
    down = engine.call(database, 'SELECT migrate_downgrade_sql(%s)', '002:001')[0][0]
    engine.call(other, 'SELECT migrate_upgrade()')
    refuses(engine, other, down, ['stored with other content', '002'], 'other content is not taken down')
    if engine.name == 'postgres':
        from_base = engine.call(database, 'SELECT migrate_upgrade_sql(%s)', 'base:002')[0][0]
        refuses(engine, database, from_base, ['must run in one transaction'], 'autocommit is refused', '-v', 'ON_ERROR_STOP=0')
        refuses(engine, database, from_base, ['may not write Limbeck'], 'a role without rights is refused', '-1', '-U', 'offline_low')
        code, said = engine.psql(database, 'SELECT migrate_upgrade_sql(); SELECT * FROM migrate_export();', '-U', 'offline_low')
        check('postgres: not for everybody', said.count('permission denied for function') == 2, said)
        in_other_schema(engine, database)
    else:
        from_base = engine.call(database, 'SELECT migrate_upgrade_sql(%s)', 'base:002')[0][0]
        engine.run(database, 'CREATE TRIGGER t AFTER INSERT ON migrate_log BEGIN SELECT 1; END;')
        refuses(engine, database, from_base, ['has a trigger'], 'a trigger on the ledger is refused')


def foreign_keys(engine):
    """Where an application enforces foreign keys and one body switches them off, the whole script runs
    without enforcement: what it would have stopped or cascaded is an error, not another result."""
    database = engine.create()
    for values in (('one', 'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p ON DELETE CASCADE);'
                    'INSERT INTO p VALUES (1); INSERT INTO c VALUES (1)', 'DROP TABLE c; DROP TABLE p', '001'),
                   ('off', 'PRAGMA foreign_keys = OFF; CREATE TABLE p2 (id INTEGER PRIMARY KEY); INSERT INTO p2 SELECT id FROM p;'
                    'DROP TABLE p; ALTER TABLE p2 RENAME TO p; PRAGMA foreign_keys = ON', '', '002'),
                   ('cascade', 'DELETE FROM p', '', '003'),
                   ('orphan', 'PRAGMA foreign_keys = OFF; INSERT INTO c VALUES (9); PRAGMA foreign_keys = ON', '', '004')):
        engine.call(database, 'SELECT migrate_revision(%s, %s, %s, %s)', *values)
    for target, good in (('002', True), ('003', False)):
        script = engine.call(database, 'SELECT migrate_upgrade_sql(%s)', target, foreign_keys=True)[0][0]
        by_script = engine.copy(database)
        code, said = engine.run(by_script, script)
        check(f'sqlite: {target} with enforcement', (code == 0) == good and (good or 'new rows violate a foreign key' in said), said)
        if not good:
            same('sqlite: nothing is left of it', engine.snapshot(database), engine.snapshot(by_script))
    engine.call(database, 'SELECT migrate_upgrade(%s)', '002', foreign_keys=True)
    # alone the revision cascades: nothing in its script needs enforcement off
    script_like_call(engine, None, database, 'upgrade', '003', 'sqlite: a cascade', True)
    engine.call(database, 'SELECT migrate_upgrade(%s)', '003', foreign_keys=True)
    refuses(engine, database, engine.call(database, 'SELECT migrate_upgrade_sql()')[0][0], ['new rows violate a foreign key'],
            'a violation is refused as in a run')


MARKED = (
    # settings around single statements, a wrapped and an unwrapped rebuild, ALTER TABLE, what runs alone
    """CREATE TABLE p (id INTEGER PRIMARY KEY, n text); -- one
    CREATE TABLE c (p INTEGER REFERENCES p ON DELETE CASCADE);
    INSERT INTO p VALUES (1, 'a'), (2, 'b'); INSERT INTO c VALUES (1), (2)""", 'DROP TABLE c; DROP TABLE p',
    """PRAGMA foreign_keys = OFF;
    CREATE TABLE p2 (id INTEGER PRIMARY KEY, n text NOT NULL); INSERT INTO p2 SELECT * FROM p;
    DROP TABLE p;
    ALTER TABLE p2 RENAME TO p;
    PRAGMA foreign_keys = ON;
    DELETE FROM p WHERE id = 1""", 'INSERT INTO p VALUES (1, \'a\'); INSERT INTO c VALUES (1)',
    """BEGIN; PRAGMA foreign_keys = OFF; CREATE TABLE p2 (id INTEGER PRIMARY KEY, n text);
    -- in the middle
    INSERT INTO p2 SELECT * FROM p; DROP TABLE p; ALTER TABLE p2 RENAME TO p; PRAGMA foreign_keys = ON; COMMIT;
    PRAGMA wal_checkpoint;
    DELETE FROM p WHERE id = 1""", 'SELECT 1',
    """ALTER TABLE p ALTER COLUMN n SET DEFAULT 'x'; ALTER TABLE p ADD CONSTRAINT filled CHECK (n <> '');
    DELETE FROM p WHERE id = 1""", 'ALTER TABLE p DROP CONSTRAINT filled; ALTER TABLE p ALTER n DROP DEFAULT',
    """BEGIN; ALTER TABLE p ALTER COLUMN n SET NOT NULL; ALTER TABLE p ADD CONSTRAINT filled2 CHECK (n <> ''); COMMIT;
    PRAGMA legacy_alter_table = ON""", '',
    '', '', 'BEGIN; INSERT INTO p VALUES (7, 7); END', 'DELETE FROM p WHERE id = 7',
    'INSERT INTO p VALUES (70, 7); INSERT INTO c VALUES (last_insert_rowid()); INSERT INTO c VALUES (70)', 'DELETE FROM c WHERE p = 70')


def marked(engine):
    """Bodies marked transaction:false among others: the script commits where the call does."""
    for mixed in (False, True):
        database = engine.create()
        for i in range(0, len(MARKED), 2):
            mark = '' if mixed and i in (0, 4) else ' transaction:false'
            engine.call(database, 'SELECT migrate_load(%s)', f'-- migrate:revision {i:03}\n-- migrate:up{mark}\n{MARKED[i]}\n'
                        f'-- migrate:down{mark}\n{MARKED[i + 1]}\n')
            if i == 4 and mixed:  # BEGIN is no word of an ordinary body
                engine.call(database, 'SELECT migrate_edit(%s, %s)', '004', MARKED[4].replace('BEGIN;', '').replace('COMMIT;', '')
                            .replace('PRAGMA wal_checkpoint;', ''))
        for keys in (False, True):
            for up, down in (('heads', 'base'), ('000', 'base'), ('002', '000'), ('heads', '000')):
                copy = engine.copy(database)
                note = f'sqlite: marked {mixed} {keys} {up} {down}'
                stays = {'foreign_keys': keys}
                for operation, target in (('upgrade', up), ('downgrade', down)):
                    by_call, by_script = engine.copy(copy), engine.copy(copy)
                    said = engine.call(by_call, f'SELECT migrate_{operation}(%s)', target, **stays)[0][0]
                    script = engine.call(copy, f'SELECT migrate_{operation}_sql(%s)', target, **stays)[0][0]
                    code, out = engine.run(by_script, script)
                    check(f'{note}: runs', code == 0, out + script)
                    same(f'{note}: the same as the call ({said})', engine.snapshot(by_call), engine.snapshot(by_script), script)
                    code, out = engine.run(by_script, script)
                    check(f'{note}: refuses a second time', code != 0 and 'this script starts at' in out, out)
                    copy = by_call
    # a script that ends half-way is gone on with by the call, and by no other script
    database = engine.create()
    engine.call(database, 'SELECT migrate_load(%s)', '-- migrate:revision 001\n-- migrate:up transaction:false\nCREATE TABLE a (x UNIQUE);\n'
                'INSERT INTO a VALUES (1);\nINSERT INTO a SELECT * FROM given;\nINSERT INTO a VALUES (3);\n')
    engine.run(database, 'CREATE TABLE given (x); INSERT INTO given VALUES (1);')
    code, out = engine.run(database, engine.call(database, 'SELECT migrate_upgrade_sql()')[0][0])
    check('sqlite: a marked script that fails', code != 0 and 'UNIQUE' in out, out)
    stopped = engine.call(database, 'SELECT current, stopped FROM migrate_status()')
    check('sqlite: the ledger tells how far it came', stopped == [(
        'base', 'revision "001" (upgrade) stopped at statement 3 of 4: started, and its end was never recorded')], str(stopped))
    try:
        engine.call(database, 'SELECT migrate_upgrade_sql()')
        check('sqlite: no script for what stopped', False)
    except Failed as e:
        check('sqlite: no script for what stopped', 'stopped at statement 3 of 4' in str(e) and "Finish it with migrate_upgrade('001')" in str(e), str(e))
    engine.run(database, 'UPDATE given SET x = 2;')
    said = engine.call(database, 'SELECT migrate_upgrade()')[0][0]
    check('sqlite: the call goes on', said == 'upgraded base -> 001 (1 revision)' and
          engine.call(database, 'SELECT x FROM a ORDER BY x') == [(1,), (2,), (3,)], said)
    # somebody else moves the version between two transactions of the script
    database = engine.create()
    engine.call(database, 'SELECT migrate_load(%s)', '-- migrate:revision 001\n-- migrate:up transaction:false\nCREATE TABLE a (x);\nCREATE TABLE b (x);\n')
    script = engine.call(database, 'SELECT migrate_upgrade_sql()')[0][0]
    at = script.rindex('BEGIN IMMEDIATE;\nINSERT INTO temp.limbeck_guard SELECT \'moved\'', 0, script.rindex('CREATE TABLE b'))
    for moved in ("INSERT INTO migrate_version VALUES ('other');\n",
                  "INSERT INTO migrate_log (at, actor, action, revision, statement, statements, outcome)"
                  " VALUES ('', '', 'upgrade', '001', 2, 2, 'started');\n"):
        copy = engine.copy(database)
        code, out = engine.run(copy, script[:at] + moved + script[at:])
        check('sqlite: a ledger that changed is an error', code != 0 and 'another connection changed the ledger while this script ran' in out, out)
        check('sqlite: nothing more is run', engine.run(copy, 'SELECT name FROM sqlite_master WHERE name = \'b\';')[1] == '')


def in_other_schema(engine, database):
    script = engine.call(database, 'SELECT migrate_upgrade_sql(%s)', 'base:002')[0][0]
    other = engine.create()
    engine.psql(other, 'CREATE SCHEMA "Other One"; CREATE EXTENSION limbeck SCHEMA "Other One";')
    refuses(engine, other, script, ['is in schema "Other One"'], 'another schema is refused')


# --- export -------------------------------------------------------------------------------------------

def content(engine, database, in_order):
    """The ledger without what loading cannot keep: times, authors, and what came from a file."""
    order = 'seq' if in_order else 'revision'
    found = {'revision': engine.call(database, 'SELECT revision, message, upgrade, downgrade, upgrade_transactional, '
                                     f'downgrade_transactional, checksum FROM migrate_revision ORDER BY {order}')}
    for name, sql in (('edge', 'SELECT revision, parent, kind, ordinal FROM migrate_edge ORDER BY revision, kind, ordinal'),
                      ('label', 'SELECT label, revision, ordinal FROM migrate_label ORDER BY label')):
        found[name] = engine.call(database, sql)
    return found


def export(engine, seed, folder):
    history = History(seed, engine.name)
    database, by_folder, by_file = engine.create(), engine.create(), engine.create()
    note = f'{engine.name} export {seed}'
    store(engine, database, history)
    files = engine.call(database, 'SELECT name, script FROM migrate_export()')
    check(f'{note}: as many files as revisions', len({name for name, _ in files}) == len(history.revisions), str(files))
    target = os.path.join(folder, f'export{seed}')
    os.mkdir(target)
    os.chmod(target, 0o755)
    for name, script in files:
        with open(os.path.join(target, name), 'w', encoding='utf-8', newline='') as f:
            f.write(script)
        engine.call(by_file, 'SELECT migrate_load(%s, %s)', script, name)
    engine.call(by_folder, 'SELECT migrate_load_dir(%s)', target)
    same(f'{note}: the directory loads back', content(engine, database, False), content(engine, by_folder, False))
    same(f'{note}: the files load back in order', content(engine, database, True), content(engine, by_file, True))
    again = engine.call(by_file, 'SELECT name, script FROM migrate_export()')
    check(f'{note}: exported again they are the same', files == again, f'{files}\n{again}')
    said = engine.call(database, 'SELECT migrate_load_dir(%s)', target)[0][0]
    check(f'{note}: loading them where they come from changes nothing', said.startswith(f'{len(files)} unchanged') or
          f'0 new, 0 replaced, {len(files)} unchanged' in said, said)
    for base in (database, by_folder, by_file):
        engine.drop(base)
    shutil.rmtree(target)


def export_without_headers(engine, folder):
    """Files whose name and place say what they are keep name, place and bytes."""
    source, target = os.path.join(folder, 'plain'), os.path.join(folder, 'plain_again')
    for path in (source, target):
        os.mkdir(path)
        os.chmod(path, 0o755)
    plain = {'20260110_001_initial_schema.sql': '-- migrate:up\r\nCREATE TABLE a (id int);\r\n-- migrate:down\r\nDROP TABLE a;\r\n',
             '20260110_002_Second  step.sql': '-- migrate:up\nCREATE TABLE b (id int);',
             '20260111.sql': '-- migrate:up\n-- migrate:down\n\n\n',
             '20260112_x.sql': '-- migrate:branch_label l\n-- migrate:up\nCREATE TABLE c (id int);\n-- migrate:down\n'}
    for name, text in plain.items():
        with open(os.path.join(source, name), 'w', newline='', encoding='utf-8') as f:
            f.write(text)
    database, again = engine.create(), engine.create()
    engine.call(database, 'SELECT migrate_load_dir(%s)', source)
    files = dict(engine.call(database, 'SELECT name, script FROM migrate_export()'))
    for name, text in files.items():
        with open(os.path.join(target, name), 'w', newline='', encoding='utf-8') as f:
            f.write(text)
    check(f'{engine.name}: plain files export with the ids and messages of their names', len(files) == 4, str(files))
    check(f'{engine.name}: and no line is added', not any('down_revision' in t for t in files.values()), str(files))
    engine.call(again, 'SELECT migrate_load_dir(%s)', target)
    same(f'{engine.name}: plain files load back', content(engine, database, True), content(engine, again, True))
    # a file in another place than its name says gets a line
    engine.call(database, 'SELECT migrate_revision(%s, %s, %s, %s, %s)', 'between', '', '', '20260110_001a', '20260112')
    files = dict(engine.call(database, 'SELECT name, script FROM migrate_export()'))
    check(f'{engine.name}: a file whose place has changed names its parent',
          sum('-- migrate:down_revision 20260110_001\n' in t for t in files.values()) == 1, str(files))
    fresh = engine.create()
    for name, text in files.items():
        with open(os.path.join(target, name), 'w', newline='', encoding='utf-8') as f:
            f.write(text)
    engine.call(fresh, 'SELECT migrate_load_dir(%s)', target)
    a, b = content(engine, database, False), content(engine, fresh, False)
    check(f'{engine.name}: and the graph stays', a['edge'] == b['edge'], differences(a, b))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument('--engine', choices=('sqlite', 'postgres'), default='sqlite')
    arguments.add_argument('--histories', type=int)
    arguments.add_argument('--seed', type=int, default=1)
    chosen = arguments.parse_args()
    count = chosen.histories or (60 if chosen.engine == 'sqlite' else 3)
    folder = tempfile.mkdtemp(prefix='limbeck-offline.', dir='/dev/shm' if os.access('/dev/shm', os.W_OK) else None)
    os.chmod(folder, 0o755)
    try:
        engine = (Sqlite if chosen.engine == 'sqlite' else Postgres)(folder)
        parts = [(guards, ()), (foreign_keys, ()), (marked, ())][:3 if chosen.engine == 'sqlite' else 1]
        parts += [(export_without_headers, (folder,))]
        for seed in range(chosen.seed, chosen.seed + count):
            parts += [(scripts, (seed,)), (export, (seed, folder))]
        for part, values in parts:
            try:
                part(engine, *values)
            except Failed as e:
                check(f'{part.__name__} {values}', False, str(e))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    # a test that looks at nothing must not pass
    for kind in ('the same', 'refused alike', 'a failure leaves nothing', 'an empty database becomes the same'):
        check(f'{kind} occurs', kinds.get(kind, 0) > 0, str(kinds))
    for kind, times in sorted(kinds.items()) if not failed else ():
        print(f'ok - {kind} ({times} times)')
    print(f'{passed} passed, {failed} failed')
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
