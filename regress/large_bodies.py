"""The bodies and files that the tests of large ones store, on SQLite (sqlite/large.py) and PostgreSQL (pg_large.py)."""
import os

LIMIT = 256 * 1024 * 1024
KINDS = ('many', 'few')


def body(kind, size):
    """About so many bytes of many small statements, or of a few that have a megabyte each."""
    one = "INSERT INTO t VALUES ('" + 'x' * {'many': 73, 'few': 999973}[kind] + "');\n"
    return one * (size // len(one))


def write_files(folder, kind, size):
    """A directory of two files, a table and its rows."""
    os.mkdir(folder)
    with open(os.path.join(folder, '1_t.sql'), 'w') as file:
        file.write('-- migrate:up\nCREATE TABLE t (a text);\n-- migrate:down\nDROP TABLE t;\n')
    with open(os.path.join(folder, '2_rows.sql'), 'w') as file:
        file.write(f'-- migrate:up\n{body(kind, size)}-- migrate:down\nDELETE FROM t;\n')


def write_too_much(folder):
    """A directory of one file that is a byte over the limit, and takes no room; returns the file's path."""
    os.mkdir(folder)
    path = os.path.join(folder, '1_t.sql')
    with open(path, 'w') as file:
        file.truncate(LIMIT + 1)
    return path
