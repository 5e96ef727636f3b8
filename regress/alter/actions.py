#!/usr/bin/python3
"""Each action, each error text: the stories of actions.sql, against actions.out.

A story begins with a line `-- # TITLE` and has a database of its own, foreign keys on. Its ALTERs, and what
stands between `-- exec` and `-- done`, go through migrate_exec(); everything else is SQLite's. What is
written is each ALTER with its result, at the end the schema and the tables' rows. Stories of STRICT tables are left
out where SQLite is older than these.

    actions.py            compare
    actions.py --write    write actions.out anew, to be read before it is committed
"""
import difflib
import os
import re
import sys

from database import *

HERE = os.path.dirname(os.path.abspath(__file__))


def statements(text):
    """The story's statements; an exec section is one, marked."""
    at = 0
    for section in re.finditer(r'(?ms)^-- exec\n(.*?)^-- done\n', text):
        yield from single(text[at:section.start()])
        yield 'exec', section.group(1).strip()
        at = section.end()
    yield from single(text[at:])


def single(text):
    buffer = ''
    for line in text.splitlines(keepends=True):
        buffer += line
        if sqlite3.complete_statement(buffer):
            yield 'sql', buffer.strip()
            buffer = ''


def run(story):
    db = connect()
    db.execute('PRAGMA foreign_keys = ON')
    out = []
    for kind, sql in statements(story):
        through = kind == 'exec' or re.match(r'(?i)(--[^\n]*\n|/\*.*?\*/|\s)*alter\b', sql)
        before = state(db)
        try:
            if through:
                execute(db, sql)
                out.append(sql)
            else:
                db.execute(sql)
        except sqlite3.Error as error:
            out += [sql, 'ERROR:  ' + str(error)]
            if state(db) != before:
                out.append('AND IT CHANGED SOMETHING')
    if db.execute('PRAGMA foreign_keys').fetchone() != (1,):
        out.append('FOREIGN KEYS ARE NOT AS THEY WERE')
    for _, name, _, sql in schema(db):
        if sql and not name.startswith('sqlite_'):
            out.append(sql + ';')
    for table, lines in contents(db).items():
        if not table.startswith('sqlite_') or table == 'sqlite_sequence':
            out += [f'{table}: {line}' for line in lines]
    integrity(db)
    return '\n'.join(out) + '\n'


def can_run(title):
    return 'STRICT' not in title or sqlite3.sqlite_version_info >= (3, 37)


def main():
    text = open(os.path.join(HERE, 'actions.sql'), encoding='utf-8').read()
    stories = re.split(r'(?m)^-- # (.*)\n', text)[1:]
    done = {title: run(story) for title, story in zip(stories[::2], stories[1::2]) if can_run(title)}
    path = os.path.join(HERE, 'actions.out')
    if '--write' in sys.argv:
        with open(path, 'w', encoding='utf-8') as f:
            f.write('\n'.join(f'# {title}\n{out}' for title, out in done.items()))
        return
    wanted = re.split(r'(?m)^# (.*)\n', open(path, encoding='utf-8').read())[1:]
    wanted = {title: out.rstrip('\n') for title, out in zip(wanted[::2], wanted[1::2]) if can_run(title)}
    count = Count()
    for title, out in done.items():
        old, new = wanted.get(title, '').split('\n'), out.rstrip('\n').split('\n')
        count.check(old == new, title + '\n' + '\n'.join(difflib.unified_diff(old, new, lineterm='')))
    count.check(set(wanted) == set(done), 'stories', set(wanted) ^ set(done))
    count.finish()


main()
