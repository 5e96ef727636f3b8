# Python's sqlite3 module, with its own ideas about transactions left as they are by default.
import sqlite3
import sys

library, path = sys.argv[1:]


def check(what, got, wanted):
    print('ok' if got == wanted else 'not ok', what, '' if got == wanted else f'({got!r})')


db = sqlite3.connect(path)
db.enable_load_extension(True)
db.load_extension(library)


def one(sql, *values):
    return db.execute(sql, values).fetchone()[0]


check('store a revision', one('SELECT migrate_revision(?, ?, ?, ?)', 'users',
                              'CREATE TABLE users (id integer)', 'DROP TABLE users', '001'), '001')
check('load a file', one('SELECT migrate_load(?, ?)', '-- migrate:up\nCREATE TABLE posts (id integer);\n'
                         '-- migrate:down\nDROP TABLE posts;\n', '002_posts.sql'), '002')
check('upgrade', one('SELECT migrate_upgrade(?)', 'head'), 'upgraded base -> 002 (2 revisions)')
check('read', db.execute('SELECT revision, message FROM migrate_history(?)', (':',)).fetchall(),
      [('002', 'posts'), ('001', 'users')])
check('downgrade by one', one('SELECT migrate_downgrade(?)', '-1'), 'downgraded 002 -> 001 (1 revision)')
db.execute('INSERT INTO users VALUES (1)')
one('SELECT migrate_upgrade(?)', '002')
db.rollback()
check('undone by the caller', (one('SELECT version_num FROM migrate_version'),
                               one('SELECT count(*) FROM users')), ('001', 0))
try:
    one('SELECT migrate_upgrade(?)', 'zzzz')
    check('error', None, 'an error')
except sqlite3.OperationalError as e:
    check('error', str(e).split('\n')[0], "can't locate revision identified by 'zzzz'")
check('upgrade to a revision', one('SELECT migrate_upgrade(?)', '002'), 'upgraded 001 -> 002 (1 revision)')
db.close()
db = sqlite3.connect(path)
check('durable', one('SELECT version_num FROM migrate_version'), '002')
