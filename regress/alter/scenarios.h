/*
** scenarios.h - what the fault tests (regress/sqlite/fault.h) try when they are built with FAULT_ALTER
**
** Rebuilds alone: of a table with an index, a trigger, statistics and rows of another table that refer to
** it; in the caller's transaction; one that the rows forbid; one that takes the second way, by a table
** that holds the rows; columns of tables with few rows; and changes that leave the rows where they are,
** with and without values to be converted.
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

/* In a large schema the table is made anew, and takes its place in it. */
#define OBJECTS(n)                                                                             \
    "CREATE TABLE m" #n " (id INTEGER PRIMARY KEY, a, b text, c int, d, e, f, g real, h, i); " \
    "CREATE INDEX m" #n "a ON m" #n " (a, b); CREATE INDEX m" #n "c ON m" #n " (c); "
#define LARGE_SCHEMA                                                                        \
    "CREATE TABLE few (id INTEGER PRIMARY KEY, a text, b int DEFAULT 1, c UNIQUE); CREATE " \
    "INDEX few_a ON few (a); INSERT INTO few VALUES (1, 'one', 1, 2.5), (7, NULL, 0, "      \
    "x'00');" OBJECTS(1) OBJECTS(2) OBJECTS(3) OBJECTS(4) OBJECTS(5) OBJECTS(6) OBJECTS(7)  \
        OBJECTS(8) OBJECTS(9) OBJECTS(10) OBJECTS(11) OBJECTS(12) OBJECTS(13) OBJECTS(14)
#define ADD_COLUMN "SELECT migrate_exec('ALTER TABLE few ADD COLUMN d text DEFAULT ''x''')"

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
    {"a column added to few rows of a large schema", LARGE_SCHEMA, ADD_COLUMN, false, false},
    {"a column added to few rows of a large schema in a transaction", LARGE_SCHEMA, ADD_COLUMN,
     true, false},
    {"a column dropped from few rows of a large schema", LARGE_SCHEMA, DROP_COLUMN, true, false},
    {"a change in place", REBUILT, IN_PLACE, false, false},
    {"a change in place in a transaction", REBUILT, IN_PLACE, true, false},
    {"a conversion in place", REBUILT, CONVERSION, false, false},
    {"a conversion in place in a transaction", REBUILT, CONVERSION, true, false},
};
