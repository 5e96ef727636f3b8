/*
** scenarios.h - what the fault tests (regress/sqlite/fault.h) try when they are built with FAULT_ALTER
**
** Rebuilds alone: of a table with an index, a trigger, statistics and rows of another table that refer to
** it; in the caller's transaction; one that the rows forbid; one that takes the second way, by a table
** that holds the rows; and changes that leave the rows where they are, with and without values to be
** converted.
*/
#define REBUILT                                                                                 \
    "SELECT migrate_upgrade(); CREATE UNIQUE INDEX names ON users (name); CREATE INDEX ids ON " \
    "users (id DESC); CREATE TRIGGER named "                                                    \
    "AFTER UPDATE ON users BEGIN UPDATE application SET note = new.name; END; ANALYZE; "        \
    "WITH RECURSIVE n (i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 300) "           \
    "INSERT INTO users SELECT i, 'user ' || i FROM n"
#define REBUILD                                                                                   \
    "SELECT migrate_exec('ALTER TABLE users ALTER name SET DEFAULT ''x'', ADD CONSTRAINT filled " \
    "CHECK (name <> ''''), ADD COLUMN code text UNIQUE, ALTER name TYPE varchar(20) COLLATE "     \
    "nocase; ALTER TABLE posts DROP CONSTRAINT posts_author_fkey')"

#define IN_PLACE                                                                              \
    "SELECT migrate_exec('ALTER TABLE users ALTER name SET NOT NULL, ALTER name SET DEFAULT " \
    "''x'', ADD CONSTRAINT filled CHECK (name <> '''')')"
#define CONVERSION \
    "SELECT migrate_exec('ALTER TABLE users ADD CHECK (name <> ''''), ALTER name TYPE blob')"

/* No trigger and no view may be there. */
#define FEW_ROWS                                                                             \
    "CREATE TABLE few (id INTEGER PRIMARY KEY, a text, b int DEFAULT 1, c UNIQUE); CREATE "  \
    "INDEX few_a ON few (a); WITH RECURSIVE n (i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM " \
    "n WHERE i < 40) INSERT INTO few SELECT i, 'row ' || i, i, -i FROM n"
#define DROP_COLUMN "SELECT migrate_exec('ALTER TABLE few DROP COLUMN b')"

static const scenario scenarios[] = {
    {"a rebuild", REBUILT, REBUILD, false, false},
    {"a rebuild in a transaction", REBUILT, REBUILD, true, false},
    {"a rebuild that rows forbid", REBUILT,
     "SELECT migrate_exec('ALTER TABLE users ADD CHECK (id < 290)')", false, false},
    {"a rebuild by a table that holds the rows",
     "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a int CHECK (t.a > 0));"
     " INSERT INTO t (a) VALUES (1), (2), (3); CREATE INDEX t_a ON t (a)",
     "SELECT migrate_exec('ALTER TABLE t ALTER a SET NOT NULL')", true, false},
    {"a column dropped from few rows", FEW_ROWS, DROP_COLUMN, false, false},
    {"a column dropped from few rows in a transaction", FEW_ROWS, DROP_COLUMN, true, false},
    {"a change in place", REBUILT, IN_PLACE, false, false},
    {"a change in place in a transaction", REBUILT, IN_PLACE, true, false},
    {"a conversion in place", REBUILT, CONVERSION, false, false},
    {"a conversion in place in a transaction", REBUILT, CONVERSION, true, false},
};
