#!/usr/bin/python3
"""CREATE TABLE in all the shapes that SQLite's grammar allows: each is read, rebuilt and given back.

A constraint is added and dropped again: afterwards the stored text is the same byte for byte, and in between
columns, keys and foreign keys are what they were.
"""
from database import *

SHAPES = r'''
CREATE TABLE t(a)
CREATE TABLE t(a,b,c)
CREATE TABLE main.t (a, b)
CREATE TABLE IF NOT EXISTS t (a, b)
create table "t" (a, b)
CREATE TABLE [t] ([a b], `c``d`, 'e', "f""g")
CREATE TABLE t(a int, CONSTRAINT x PRIMARY KEY(a), CONSTRAINT y UNIQUE(a))
CREATE TABLE t(a int, b int, PRIMARY KEY(a) UNIQUE(b) CHECK(a>b))
CREATE TABLE t(a int, b int, CHECK(a>0) CHECK(b>0), UNIQUE(b))
CREATE TABLE t(a int CONSTRAINT n1 CONSTRAINT n2 NOT NULL CONSTRAINT n3)
CREATE TABLE t(a int CONSTRAINT n1, b CONSTRAINT n2 DEFAULT 5, CONSTRAINT n4)
CREATE TABLE t(a int, CONSTRAINT n1 CONSTRAINT n2 CHECK(a))
CREATE TABLE t(a unsigned big int, b varchar ( 20 ), c decimal( 10 , -5 ), d double precision, e)
CREATE TABLE t(a "quoted type", b [another type](5), c 'third')
CREATE TABLE t(a integer primary key asc on conflict replace autoincrement)
CREATE TABLE t(a integer primary key desc)
CREATE TABLE t(a integer, primary key(a desc))
CREATE TABLE t(a integer, primary key(a autoincrement))
CREATE TABLE t(a integer, primary key(a collate nocase asc, b), b)
CREATE TABLE t(a integer, b, primary key(a collate nocase asc, b) on conflict fail)
CREATE TABLE t(a default 1, b default -1, c default +1.5e3, d default 'x', e default x'00', f default null)
CREATE TABLE t(a default current_timestamp, b default true, c default (1), d default (a_function(1, ')')), e default word)
CREATE TABLE t(a default "double", b default [bracket], c default - 5, d default (random()))
CREATE TABLE t(a as (b), b)
CREATE TABLE t(a generated always as (b+1), b)
CREATE TABLE t(a int generated always as (b||'(') stored, b text, c as (a) virtual)
CREATE TABLE t(a int as (b) not null check (a > 0), b)
CREATE TABLE t(generated int, always text, b)
CREATE TABLE t(a references p, b references p(x), c references "p" on delete set null on update cascade)
CREATE TABLE t(a references p on delete set default match full deferrable, b references p not deferrable)
CREATE TABLE t(a references p deferrable initially deferred, b references p not deferrable initially immediate)
CREATE TABLE t(a references p not null deferrable initially deferred unique)
CREATE TABLE t(a references p on delete no action on update restrict on insert cascade match simple)
CREATE TABLE t(a, b, foreign key (a, b) references p(c, d) on delete cascade deferrable initially deferred)
CREATE TABLE t(a, b, foreign key (a) references p, foreign key (b) references p(c))
CREATE TABLE t(a not null on conflict ignore unique on conflict replace, b null, c null on conflict abort)
CREATE TABLE t(a collate nocase, b collate "rtrim" not null collate binary)
CREATE TABLE t(a check (a in (1, 2, ')')), b check (b like '%--%'), c check (c <> '/*'))
CREATE TABLE t(a check (case when a then 1 else 2 end), b check (t.b > 0))
CREATE TABLE t(key, action, cascade, rowid, "primary", [check], conflict, no)
CREATE TABLE t(desc, asc, row, rows, temp, view, match, plan, query, offset)
CREATE TABLE t(rowid, _rowid_, oid)
CREATE TABLE t(a text primary key) without rowid
CREATE TABLE t(a text primary key, b int) without rowid, strict
CREATE TABLE t(a text, b any) strict
CREATE TABLE t(a text, b int, primary key (b, a)) strict , without rowid
CREATE TABLE "t~old"(a)
CREATE TABLE t(/* before */ a /* in */ int /* after */, -- line
  b -- more
  text /* last */ -- end
)
CREATE TABLE t(a/**/,b/* , */,c/* ) */)
CREATE TABLE t(a int check (a > 0 /* :-) */), b)
CREATE TABLE t -- name
( -- first
  a int -- a
  , -- comma
  b int -- b
  , -- comma
  check (a) -- c
) -- done
CREATE TABLE t(ключ text, "naïve" int, 名前 text check (名前 <> ''))
CREATE TABLE t(a int check(a>0)check(a<9)unique not null default 5)
CREATE TABLE t(a int check(a>0),b,check(b>0),unique(a,b)on conflict ignore)
CREATE TABLE t(a$b int, _c text, d1 int)
CREATE TABLE t(a varchar(10) not null, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, u, v, w, x, y, z)
CREATE TABLE "weird "" name"(a, b check ("weird "" name".b > 0))
CREATE TABLE 'single'(a)
CREATE TABLE t(a int default 1 check(a) default 2)
CREATE TABLE t(a int not null not null, b int unique unique)
CREATE TABLE t(a timestamp default (strftime('%Y', 'now')), b text default (printf('%s)', 'x')))
CREATE TABLE t(a,b,c,unique(a),unique(b),unique(a,b),unique(c),check(a),check(b))
CREATE TABLE t(a interval day to second, b bit varying, c character varying (255))
CREATE TABLE t(a [int[], b `int`)
'''


def shapes():
    text = []
    for line in SHAPES.strip('\n').split('\n'):
        if line.lower().startswith('create') and text:
            yield '\n'.join(text)
            text = []
        text.append(line)
    yield '\n'.join(text)


def structure(db, name):
    """What SQLite's pragmas tell of the table, but for CHECKs."""
    return [db.execute(f'SELECT * FROM pragma_{p}(?)', (name,)).fetchall()
            for p in ('table_xinfo', 'index_list', 'foreign_key_list')]


def try_one(shape, count):
    db = connect()
    db.create_function('a_function', 2, lambda a, b: a, deterministic=True)
    try:
        db.execute(shape)
    except sqlite3.Error:
        return False
    name, text = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE "
                            "'sqlite_%'").fetchone()
    before = structure(db, name)
    story = f'ALTER TABLE {quote(name)} ADD CONSTRAINT "a new one" CHECK (1)'
    try:
        execute(db, story)
        middle = structure(db, name)
        execute(db, f'ALTER TABLE {quote(name)} DROP CONSTRAINT "a new one"')
    except sqlite3.Error as error:
        return count.check(False, shape, '\n', error)
    after, = db.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)).fetchone()
    count.check(middle == before, shape, '\n', before, middle)
    count.check(after == text, f'{text}\n{after}')
    integrity(db)
    return True


def main():
    count = Count()
    refused = [s for s in shapes() if not try_one(s, count)]
    for shape in refused:
        print('# SQLite refuses', shape)
    count.finish()


main()
