"""The histories that the benchmarks run: SQL that SQLite and PostgreSQL both take.

Every tenth revision makes a table of 8 columns; the others add columns, indexes, rows and unique indexes
to it. Every statement has its inverse, so that a history goes up and down.
"""


def revisions(count):
    """(id, upgrade, downgrade) for each revision of a line."""
    return [(f'{i:05d}',) + revision(i) for i in range(count)]


def revision(i):
    table, kind = f't{i // 10}', i % 10
    if kind == 0:
        return (f'CREATE TABLE {table} (id integer PRIMARY KEY, a integer, b text, c text, d integer, e text, '
                f'f text, g integer);', f'DROP TABLE {table};')
    if kind in (1, 4, 7):
        return f'ALTER TABLE {table} ADD COLUMN x{i} text;', f'ALTER TABLE {table} DROP COLUMN x{i};'
    if kind in (2, 5, 8):
        column = 'abc'[kind // 3]
        return f'CREATE INDEX i{i} ON {table} ({column});', f'DROP INDEX i{i};'
    if kind in (3, 6):
        return (f"INSERT INTO {table} (id, a, b) VALUES ({i}, {kind}, 'row {i}');\n"
                f'UPDATE {table} SET d = a WHERE d IS NULL;', f'DELETE FROM {table} WHERE id = {i};')
    return f'CREATE UNIQUE INDEX u{i} ON {table} (id, a);', f'DROP INDEX u{i};'


def upward(history):
    return '\n'.join(up for _, up, _ in history)


def downward(history):
    return '\n'.join(down for _, _, down in reversed(history))


def write_files(history, directory):
    """As migration files of dbmate's and Limbeck's form."""
    for id, up, down in history:
        with open(f'{directory}/{id}_step.sql', 'w') as file:
            file.write(f'-- migrate:up\n{up}\n-- migrate:down\n{down}\n')
