#!/usr/bin/python3
"""An ALTER and its inverse give back the schema byte for byte, and all data.

Random tables of any shape, with data, relatives, indexes, triggers and views; one or several actions,
then their inverses. LIMBECK_TABLES: how many (1500); LIMBECK_SEED: only that one.
"""
import re

from database import *
from tables import Table, written


def literal(text):
    return text.replace("'", "''")


def pairs(rng, table):
    """(action, inverse) that the table's rows allow, as ALTER TABLE takes them after the name."""
    found = []
    key_columns = {table.columns[0].name} if table.key not in ('none',) else set()
    for i, c in enumerate(table.columns):
        q = written(rng, c.name)
        if c.generated:
            continue
        in_key = c.name in key_columns
        if c.not_null:
            if not in_key:
                found.append((f'ALTER COLUMN {q} DROP NOT NULL', f'ALTER {q} SET NOT NULL'))
        else:
            found.append((f'ALTER {q} SET NOT NULL', f'ALTER COLUMN {q} DROP NOT NULL'))
        rowid = table.key in ('rowid', 'auto') and i == 0
        if c.default and not rowid:
            found.append((f'ALTER {q} DROP DEFAULT', f'ALTER {q} SET DEFAULT {c.default}'))
            found.append((f"ALTER {q} SET DEFAULT 'other'", f'ALTER {q} SET DEFAULT {c.default}'))
        elif not rowid:
            found.append((f"ALTER {q} SET DEFAULT {rng.choice(['lower(3)', '7', '(8)'])}",
                          f'ALTER {q} DROP DEFAULT'))
        if c.type and not table.strict and not rowid:
            found.append((f'ALTER {q} TYPE {c.type} COLLATE rtrim', f'ALTER {q} TYPE {c.type} COLLATE '
                          + (c.collate or '"default"')))
        new = rng.choice(['renamed', 'Other'])
        # SQLite itself writes a renamed column in quotes where it stood in any.
        if not any(form in table.sql for form in (quote(c.name), f'`{c.name}`', f'[{c.name}]')) and \
                c.name.isascii() and c.name.upper() not in table.sql:
            found.append((f'RENAME COLUMN {c.name} TO {new}', f'RENAME {new} TO {c.name}'))
    q = written(rng, rng.choice([c for c in table.columns if not c.generated]).name)
    found += [
        (f'ADD CONSTRAINT added CHECK ({q} IS NOT 4711)', 'DROP CONSTRAINT added'),
        (f'ADD CONSTRAINT "Added too" CHECK ({q} IS NOT 4711)', 'DROP CONSTRAINT IF EXISTS [added too]'),
        ('ADD COLUMN extra text', 'DROP COLUMN extra'),
        ("ADD COLUMN extra2 text NOT NULL DEFAULT 'e' CHECK (extra2 <> '')", 'DROP COLUMN extra2'),
        ('ADD COLUMN extra3 text DEFAULT CURRENT_TIMESTAMP', 'DROP COLUMN extra3'),
        ('ADD COLUMN IF NOT EXISTS extra4 int UNIQUE', 'DROP extra4'),
    ]
    if not table.strict:
        found.append(('ADD extra5 int REFERENCES p (id) ON DELETE SET NULL', 'DROP COLUMN extra5'))
        found.append((f'ADD CONSTRAINT fk FOREIGN KEY ({written(rng, table.columns[0].name)}) REFERENCES '
                      'p DEFERRABLE INITIALLY DEFERRED', 'DROP CONSTRAINT fk'))
    for name, text in table.constraints:
        if name and not text.startswith('PRIMARY'):
            n = written(rng, name)
            found.append((f'DROP CONSTRAINT {n}', f'ADD CONSTRAINT {quoted_in(table, name)} {text}'))
            found.append((f'RENAME CONSTRAINT {n} TO "another one"',
                          f'RENAME CONSTRAINT "another one" TO {quoted_in(table, name)}'))
    return found


def quoted_in(table, name):
    for form in (quote(name), f'`{name}`', f'[{name}]', name, name.upper()):
        if f'CONSTRAINT {form} ' in table.sql:
            return form
    return quote(name)


def alter(rng, actions):
    """The actions as one statement or as several."""
    if len(actions) > 1 and rng.random() < 0.5 and not any('RENAME' in a for a in actions):
        return 'ALTER TABLE t ' + ', '.join(actions)
    return ';\n'.join(f'ALTER TABLE {rng.choice(["t", "main.t", quote("t"), "T"])} {a}' for a in actions)


def try_one(seed, count, tally):
    rng = random.Random(seed)
    db = connect()
    if seed % 2:
        make_anew(db)
    if rng.random() < 0.5:
        db.execute('PRAGMA foreign_keys = ON')
    table = Table(rng)
    try:
        table.build(db)
    except sqlite3.Error as error:
        tally['not built'] = tally.get('not built', 0) + 1
        if 'FOREIGN KEY' not in str(error) and 'generated' not in str(error):
            tally[str(error)] = tally.get(str(error), 0) + 1
        return
    flag = db.execute('PRAGMA foreign_keys').fetchone()
    chosen = rng.sample(pairs(rng, table), rng.choice([1, 1, 1, 2, 3]))
    columns = [re.search(r'^(?:ALTER|RENAME|DROP|ADD)(?: COLUMN| CONSTRAINT)* (\S+)', a).group(1).lower()
               for a, _ in chosen]
    if len(set(columns)) < len(columns) or len(chosen) > 1 and any('RENAME' in a for a, _ in chosen):
        chosen = chosen[:1]
    before = state(db)
    forward = alter(rng, [a for a, _ in chosen])
    back = alter(rng, [b for _, b in reversed(chosen)])
    in_transaction = rng.random() < 0.3
    if in_transaction:
        db.execute('BEGIN')
    try:
        execute(db, forward)
    except sqlite3.Error as error:
        text = str(error).split('\n')
        reason = re.sub(r'^.*?column \d+: ', '', text[0])
        reason = re.sub(r'"[^"]*"|\b[\w ]*\d+\b', '_', reason)
        tally['refused: ' + reason] = tally.get('refused: ' + reason, 0) + 1
        if in_transaction:
            db.execute('COMMIT')
        count.check(state(db) == before, f'seed {seed}: a failed ALTER changed something: {forward}\n',
                    str(error))
        return
    middle = state(db)
    try:
        execute(db, back)
    except sqlite3.Error as error:
        count.check(False, f'seed {seed}: the inverse fails: {error}\n{table.sql}\n{forward}\n'
                    f'{[r[3] for r in middle[0] if r[1] == "t"][0]}\n{back}')
        return
    if in_transaction:
        db.execute('COMMIT')
    after = state(db)
    if 'DROP CONSTRAINT' in forward and 'sqlite_stat1' in before[1]:
        # The statistics of a key's index go with the index.
        before[1].pop('sqlite_stat1')
        after[1].pop('sqlite_stat1')
    good = after == before
    if not good:
        print(table.sql, forward, back, sep='\n--\n')
        for a, b in zip(before[0], after[0]):
            if a != b:
                print('  was', a, '\n   is', b, '\n  mid', [m for m in middle[0] if m[1] == b[1]])
        for name in before[1]:
            if before[1][name] != after[1].get(name):
                print('  rows of', name, before[1][name][:3], after[1].get(name, [])[:3])
    count.check(good, f'seed {seed}: not as before')
    integrity(db)
    if db.execute('PRAGMA foreign_keys').fetchone() != flag:
        count.check(False, f'seed {seed}: foreign_keys is not as it was')


def main():
    count = Count()
    tally = {}
    for seed in seeds(1500):
        try_one(seed, count, tally)
    for reason, n in sorted(tally.items(), key=lambda t: -t[1])[:12]:
        print(f'# {n} {reason}')
    count.finish()


main()
