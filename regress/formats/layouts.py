"""Directories as other tools have them: files, what they become, and what is refused."""

UP = 'CREATE TABLE users (id int);\n'
DOWN = 'DROP TABLE users;\n'
UP2 = 'ALTER TABLE users ADD COLUMN name text;\n'
DOWN2 = 'ALTER TABLE users DROP COLUMN name;\n'

PLAN = '''%syntax-version=1.0.0
%project=flipr

users 2026-01-10T09:30:00Z Ada <ada@example.org> # Users.
@v1.0 2026-01-10T09:31:00Z Ada <ada@example.org> # First.
names [users] 2026-01-11T09:30:00Z Ada <ada@example.org> # Names.
'''

# format: (files, [(id, parent, message, reversible)])
LAYOUTS = {
    'limbeck': ({'001_users.sql': f'-- migrate:up\n{UP}-- migrate:down\n{DOWN}',
                 '002_names.sql': f'-- migrate:up\n{UP2}-- migrate:down\n{DOWN2}'},
                [('001', None, 'users', 1), ('002', '001', 'names', 1)]),
    'golang-migrate': ({'000001_create_users.up.sql': UP, '000001_create_users.down.sql': DOWN,
                        '000010_add_names.up.sql': UP2, '000010_add_names.down.sql': DOWN2},
                       [('000001', None, 'create users', 1), ('000010', '000001', 'add names', 1)]),
    'goose': ({'00001_users.sql': f'-- +goose Up\n{UP}-- +goose Down\n{DOWN}',
               '00002_names.sql': f'-- +goose Up\n-- +goose StatementBegin\n{UP2.strip().strip(";")}\n'
                                  f'-- +goose StatementEnd\n-- +goose Down\n{DOWN2}'},
              [('00001', None, 'users', 1), ('00002', '00001', 'names', 1)]),
    'sql-migrate': ({'20260110-users.sql': f'-- +migrate Up\n{UP}-- +migrate Down\n{DOWN}',
                     '20260111-names.sql': f'-- +migrate Up\n{UP2}-- +migrate Down\n{DOWN2}'},
                    [('20260110', None, 'users', 1), ('20260111', '20260110', 'names', 1)]),
    'flyway': ({'V1_9__users.sql': UP, 'U1_9__users.sql': DOWN, 'V1_10__names.sql': UP2, 'U1_10__names.sql': DOWN2},
               [('1.9', None, 'users', 1), ('1.10', '1.9', 'names', 1)]),
    'diesel': ({'2026-01-10-093000_users/up.sql': UP, '2026-01-10-093000_users/down.sql': DOWN,
                '20260111093000_names/up.sql': UP2, '20260111093000_names/down.sql': DOWN2},
               [('20260110093000', None, 'users', 1), ('20260111093000', '20260110093000', 'names', 1)]),
    'sqlx': ({'1_users.up.sql': UP, '1_users.down.sql': DOWN,
              '2_names.up.sql': '-- no-transaction\n' + UP2, '2_names.down.sql': DOWN2},
             [('1', None, 'users', 1), ('2', '1', 'names', 1)]),
    'prisma': ({'20260110093000_users/migration.sql': UP, '20260111093000_names/migration.sql': UP2,
                'migration_lock.toml': 'provider = "postgresql"\n'},
               [('20260110093000', None, 'users', 0), ('20260111093000', '20260110093000', 'names', 0)]),
    'supabase': ({'20260110093000_users.sql': UP, '20260111093000_names.sql': UP2},
                 [('20260110093000', None, 'users', 0), ('20260111093000', '20260110093000', 'names', 0)]),
    'sqitch': ({'sqitch.plan': PLAN, 'deploy/users.sql': f'-- Deploy flipr:users\nBEGIN;\n{UP}COMMIT;\n',
                'revert/users.sql': f'BEGIN;\n{DOWN}COMMIT;\n', 'verify/users.sql': 'SELECT 1;\n',
                'deploy/names.sql': UP2, 'revert/names.sql': DOWN2, 'sqitch.conf': '[core]\n'},
               [('users', None, 'Users.', 1), ('names', 'users', 'Names.', 1)]),
    'plain': ({'1_users.sql': UP, '2_names.sql': UP2},
              [('1', None, 'users', 0), ('2', '1', 'names', 0)]),
}

# what marks a body that has to run outside a transaction: (files, id)
NO_TRANSACTION = {
    'limbeck': ({'1_a.sql': '-- migrate:up transaction:false\nSELECT 1;\n'}, '1'),
    'goose': ({'1_a.sql': '-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1;\n'}, '1'),
    'sql-migrate': ({'1_a.sql': '-- +migrate Up notransaction\nSELECT 1;\n'}, '1'),
    'flyway': ({'V1__a.sql': 'SELECT 1;\n', 'V1__a.sql.conf': 'executeInTransaction=false\n'}, '1'),
    'diesel': ({'1_a/up.sql': 'SELECT 1;\n', '1_a/metadata.toml': 'run_in_transaction = false\n'}, '1'),
    'sqlx': ({'1_a.up.sql': '-- no-transaction\nSELECT 1;\n'}, '1'),
    'plain': ({'1_a.sql': '-- no-transaction\nSELECT 1;\n'}, '1'),
}

LATIN1 = "INSERT INTO t VALUES ('d\u00e9j\u00e0');\n".encode('latin-1')

# (files, format, the message's beginning)
REFUSED = [
    ({'1_a.up.sql': '', '01_b.up.sql': ''}, None, 'files "01_b.up.sql" and "1_a.up.sql" both are version "1"'),
    ({'1_a.sql': '-- migrate:up\n', '1_b.sql': '-- migrate:up\n'}, None, 'files "1_a.sql" and "1_b.sql" both are revision "1"'),
    ({'1_a.down.sql': ''}, None, '1_a.down.sql: version "1" has a way down and none up'),
    ({'1_a.up.sql': '', '2_b.sql': ''}, None, '2_b.sql: not the name of a migration of golang-migrate'),
    ({'1_a.sql': '-- migrate:up\n', '2_b.sql': '-- +goose Up\n'}, None,
     'the directory holds files of limbeck (1_a.sql) and of goose (2_b.sql)'),
    ({'V1__a.sql': '', 'R__b.sql': ''}, None, 'R__b.sql: Limbeck has no repeatable migrations'),
    ({'V1__a.sql': 'SELECT ${x};'}, None, 'V1__a.sql, line 1: placeholder ${x}: Limbeck has none'),
    ({'V1__a.sql': '', 'V1.0__b.sql': ''}, None, 'files "V1.0__b.sql" and "V1__a.sql" both are version "1"'),
    ({'1_a.up.sql': LATIN1}, None, '1_a.up.sql, line 1: byte 0xe9 in column 25 is not UTF-8'),
    ({'1_a.sql': b'-- migrate:up\n' + LATIN1}, None, '1_a.sql, line 2: byte 0xe9 in column 25 is not UTF-8'),
    ({'V1__a.sql': LATIN1}, None, 'V1__a.sql, line 1: byte 0xe9 in column 25 is not UTF-8'),
    ({'1_a/up.sql': 'SELECT 1;'.encode('utf-16')}, None, '1_a/up.sql: the text is UTF-16'),
    ({'1_a.up.sql': b'SELECT\x001;'}, None, '1_a.up.sql, line 1: a NUL byte'),
    ({'1_a.sql': "-- +goose Up\nSELECT '\n-- +goose Down\n';\n"}, None,
     '1_a.sql, line 2: the string that begins here runs over the marker on line 3'),
    ({'1_a.sql': '-- +goose Up\nSELECT 1; /*\n-- +goose Down\n*/\n'}, None,
     '1_a.sql, line 2: the comment that begins here runs over the marker on line 3'),
    ({'1_a.up.sql': 'SELECT 1;\n-- migrate:down\nSELECT 2;\n'}, None,
     '1_a.up.sql: the upgrade, line 2, column 1: the line reads as a marker of a migration file'),
    ({'1_a.up.sql': "SELECT 'x;\n"}, None, '1_a.up.sql: the upgrade, line 1, column 8: the string that begins here has no end'),
    ({'sqitch.plan': 'a [b] 2026 A <a@b>\n', 'deploy/a.sql': ''}, None,
     'sqitch.plan, line 1: change "a" requires "b", which is not before it'),
    ({'1_a.up.sql': '', '2_b.go': 'package x\n'}, None, '2_b.go: a migration that is a program cannot be loaded'),
    ({'ae10_x.py': 'revision = 1\n'}, None, 'ae10_x.py: a migration in Python cannot be loaded'),
    ({'a.sql': 'SELECT 1;\n'}, None, 'a.sql: no section "migrate:up"'),
    ({'1_a.up.sql': ''}, 'rails', 'unknown format "rails"'),
]

# text that has to arrive as it is: (files, id, upgrade)
ODD_TEXT = [
    ({'1_a.up.sql': b'\xef\xbb\xbfSELECT 1;\r\nSELECT 2;\r\n'}, '1', 'SELECT 1;\nSELECT 2;'),
    ({'1_a.up.sql': "SELECT 'a;b', \"c;d\" /* ; */; -- ;\n"}, '1', "SELECT 'a;b', \"c;d\" /* ; */; -- ;"),
    ({'1_a.up.sql': ''}, '1', ''),
    ({'1_a.up.sql': "SELECT '\n-- migrate:down\n';\n"}, '1', "SELECT '\n-- migrate:down\n';"),
    ({'1_a.sql': b'\xef\xbb\xbf-- +goose Up\r\nSELECT 1;\r\n-- +goose Down\r\n'}, '1', 'SELECT 1;'),
    ({'1_a.sql': '-- +goose Up\n\n\n-- +goose Down\n'}, '1', ''),
    ({'V1__a.sql': '\n\n  \n'}, '1', ''),
]
