/* libpq: bound parameters, a prepared statement, a simple query, a pipeline; PGHOST and PGDATABASE say
 * where. */
#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

static PGconn *db;

static void check(const char *what, const char *got, const char *wanted) {
    if (got != NULL && strcmp(got, wanted) == 0)
        printf("ok %s\n", what);
    else
        printf("not ok %s (%s)\n", what, got ? got : "nothing");
}

/* The first value of a query with up to four text parameters; the error's text where it fails. */
static const char *one(const char *sql, int count, const char *a, const char *b, const char *c,
                       const char *d) {
    static char value[4096];
    const char *values[4] = {a, b, c, d};
    PGresult *result = PQexecParams(db, sql, count, NULL, values, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(result);

    if (status == PGRES_TUPLES_OK && PQntuples(result) > 0)
        snprintf(value, sizeof(value), "%s", PQgetvalue(result, 0, 0));
    else
        snprintf(value, sizeof(value), "%s",
                 status == PGRES_COMMAND_OK ? "" : PQresultErrorMessage(result));
    PQclear(result);
    return value;
}

static void notice(void *arg, const char *message) {
    snprintf((char *)arg, 4096, "%s", message);
}

#ifdef LIBPQ_HAS_PIPELINING
/* The first value of the last of the statements sent in one pipeline; the error's text where one fails. */
static const char *in_pipeline(const char *const *statements, int count) {
    static char value[4096];
    PGresult *result;
    int results = 0;
    int i;

    PQenterPipelineMode(db);
    for (i = 0; i < count; i++)
        PQsendQueryParams(db, statements[i], 0, NULL, NULL, NULL, NULL, 0);
    PQpipelineSync(db);
    while (results <= count) {
        if ((result = PQgetResult(db)) == NULL)
            continue;
        if (PQresultStatus(result) == PGRES_TUPLES_OK)
            snprintf(value, sizeof(value), "%s", PQgetvalue(result, 0, 0));
        else if (PQresultStatus(result) == PGRES_FATAL_ERROR)
            snprintf(value, sizeof(value), "%s", PQresultErrorMessage(result));
        results++;
        PQclear(result);
    }
    PQexitPipelineMode(db);
    return value;
}
#endif

int main(void) {
    char last_notice[4096] = "";
    PGresult *result;
    const char *target[1] = {"head"};

    db = PQconnectdb("");
    if (PQstatus(db) != CONNECTION_OK) {
        printf("not ok connect (%s)\n", PQerrorMessage(db));
        return 1;
    }
    PQsetNoticeProcessor(db, notice, last_notice);
    one("CREATE EXTENSION limbeck", 0, NULL, NULL, NULL, NULL);
    check("store a revision",
          one("SELECT migrate_revision($1, $2, $3, $4)", 4, "users",
              "CREATE TABLE users (id integer)", "DROP TABLE users", "001"),
          "001");
    check(
        "load a file",
        one("SELECT migrate_load($1, $2)", 2,
            "-- migrate:up\nCREATE TABLE posts (id integer);\n-- migrate:down\nDROP TABLE posts;\n",
            "002_posts.sql", NULL, NULL),
        "002");
    PQclear(PQprepare(db, "upgrade", "SELECT migrate_upgrade($1)", 1, NULL));
    result = PQexecPrepared(db, "upgrade", 1, target, NULL, NULL, 0);
    check("upgrade, prepared", PQgetvalue(result, 0, 0), "upgraded base -> 002 (2 revisions)");
    PQclear(result);
    check("notice", last_notice, "NOTICE:  Running upgrade 001 -> 002, posts (2 of 2)\n");
    result = PQexecPrepared(db, "upgrade", 1, target, NULL, NULL, 1);
    check("the same again, in binary", PQgetvalue(result, 0, 0), "already at 002");
    PQclear(result);
    check("read", one("SELECT message FROM migrate_show($1)", 1, "001", NULL, NULL, NULL), "users");
    check("downgrade by one", one("SELECT migrate_downgrade($1)", 1, "-1", NULL, NULL, NULL),
          "downgraded 002 -> 001 (1 revision)");
    PQclear(PQexec(db, "BEGIN; SELECT migrate_upgrade('head'); ROLLBACK"));
    check("undone by the caller",
          one("SELECT version_num FROM migrate_version", 0, NULL, NULL, NULL, NULL), "001");
    PQclear(PQexec(db, "SELECT migrate_upgrade('zzzz')"));
    check("error",
          strstr(PQerrorMessage(db), "can't locate revision identified by 'zzzz'") ? "told" : "not",
          "told");
    check("upgrade to a revision", one("SELECT migrate_upgrade($1)", 1, "002", NULL, NULL, NULL),
          "upgraded 001 -> 002 (1 revision)");
    PQreset(db);
    check("durable", one("SELECT version_num FROM migrate_version", 0, NULL, NULL, NULL, NULL),
          "002");
#ifdef LIBPQ_HAS_PIPELINING
    one("SELECT migrate_revision($1, $2, $3, $4)", 4, "index",
        "CREATE INDEX CONCURRENTLY users_id ON users (id); VACUUM users",
        "DROP INDEX CONCURRENTLY users_id", "003");
    {
        const char *said = in_pipeline(
            (const char *const[]){"INSERT INTO users VALUES (1)", "CALL migrate_apply()",
                                  "SELECT version_num FROM migrate_version"},
            3);

        /* from 18 on, what follows a statement in a pipeline is in a transaction block */
        if (PQserverVersion(db) >= 180000)
            said = strstr(said, "cannot run inside a transaction block") != NULL ? "refused" : said;
        check("in a pipeline: migrate_apply", said,
              PQserverVersion(db) >= 180000 ? "refused" : "003");
    }
#endif
    PQfinish(db);
    return 0;
}
