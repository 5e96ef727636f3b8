/*
** sqlite_host.c - a program that runs statements for run_sqlite.py
**
** The runner normally uses Python's own sqlite3 module. This host does the same with Limbeck linked in
** (built with -DSQLITE_CORE), under valgrind, or with another SQLite library.
**
**     sqlite_host DATABASE [EXTENSION]
**
** Standard input: for each statement its length in bytes, a newline, and that many bytes. Standard
** output, for each statement:
**
**     columns N              then N values: the names (only when the statement returns columns)
**     row                    then N values
**     error                  then one value: the message
**     done
**
** A value is a line with its type (i, f, t, b or n) and its length in bytes, and then the bytes.
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>

#ifdef SQLITE_CORE
int sqlite3_limbeck_init(sqlite3 *db, char **message, const sqlite3_api_routines *api);
#endif

static void put(char type, const void *bytes, size_t length) {
    printf("%c %zu\n", type, length);
    fwrite(bytes, 1, length, stdout);
    putchar('\n');
}

static void put_string(const char *text) {
    put('t', text, strlen(text));
}

static void put_column(sqlite3_stmt *statement, int column) {
    static const char types[] = {[SQLITE_INTEGER] = 'i',
                                 [SQLITE_FLOAT] = 'f',
                                 [SQLITE_TEXT] = 't',
                                 [SQLITE_BLOB] = 'b',
                                 [SQLITE_NULL] = 'n'};
    char type = types[sqlite3_column_type(statement, column)];
    const void *bytes = type == 'b' ? sqlite3_column_blob(statement, column)
                                    : sqlite3_column_text(statement, column);
    size_t length = (size_t)sqlite3_column_bytes(statement, column);
    put(type, bytes != NULL ? bytes : "", length);
}

/* Runs what stands in sql; the runner sends one statement at a time. */
static void run(sqlite3 *db, const char *sql, size_t length) {
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db, sql, (int)length, &statement, NULL) != SQLITE_OK) {
        puts("error");
        put_string(sqlite3_errmsg(db));
    } else if (statement != NULL) {
        int columns = sqlite3_column_count(statement);
        int rc = sqlite3_step(statement);
        if (columns > 0 && (rc == SQLITE_ROW || rc == SQLITE_DONE)) {
            printf("columns %d\n", columns);
            for (int i = 0; i < columns; i++) {
                put_string(sqlite3_column_name(statement, i));
            }
        }
        for (; rc == SQLITE_ROW; rc = sqlite3_step(statement)) {
            puts("row");
            for (int i = 0; i < columns; i++) {
                put_column(statement, i);
            }
        }
        if (rc != SQLITE_DONE) {
            puts("error");
            put_string(sqlite3_errmsg(db));
        }
        sqlite3_finalize(statement);
    }
    puts("done");
    fflush(stdout);
}

static sqlite3 *open_database(const char *path, const char *extension) {
    sqlite3 *db = NULL;
    char *message = NULL;
#ifdef SQLITE_CORE
    (void)extension;
    sqlite3_auto_extension((void (*)(void))sqlite3_limbeck_init);
#endif
    if (sqlite3_open(path, &db) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", path, sqlite3_errmsg(db));
        exit(1);
    }
#ifndef SQLITE_CORE
    sqlite3_enable_load_extension(db, 1);
    if (sqlite3_load_extension(db, extension, NULL, &message) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", extension, message);
        exit(1);
    }
    sqlite3_enable_load_extension(db, 0);
#else
    (void)message;
#endif
    return db;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s DATABASE [EXTENSION]\n", argv[0]);
        return 2;
    }
    sqlite3 *db = open_database(argv[1], argc > 2 ? argv[2] : "sqlite_ext/limbeck");
    size_t length;
    while (scanf("%zu%*1[\n]", &length) == 1) {
        char *sql = malloc(length + 1);
        if (sql == NULL || fread(sql, 1, length, stdin) != length) {
            return 1;
        }
        sql[length] = '\0';
        run(db, sql, length);
        free(sql);
    }
    return sqlite3_close(db) == SQLITE_OK ? 0 : 1;
}
