/*
** disk.c - the n-th write, sync, truncate or delete fails, for every n
**
** A VFS over the default one counts the calls that change something and lets the n-th fail, once or from
** then on, with an I/O error or as a full disk. Afterwards no transaction of ours may be open and the
** file is in one state or the other. A disk that is full is also played by PRAGMA max_page_count, for
** every count of pages up to enough.
*/
#include "fault.h"

static long changes, fail_at;
static bool armed, sticky;
static int fail_code;

static bool fails(void) {
    if (!armed) {
        return false;
    }
    changes++;
    return sticky ? changes >= fail_at : changes == fail_at;
}

/* --- a file over the default VFS's ------------------------------------------------------------------ */

typedef struct shim_file {
    sqlite3_file base; /* must be first */
    sqlite3_file *real;
} shim_file;

#define REAL(f) (((shim_file *)(f))->real)

static int shim_close(sqlite3_file *f) {
    return REAL(f)->pMethods->xClose(REAL(f));
}

static int shim_read(sqlite3_file *f, void *to, int amount, sqlite3_int64 offset) {
    return REAL(f)->pMethods->xRead(REAL(f), to, amount, offset);
}

static int shim_write(sqlite3_file *f, const void *from, int amount, sqlite3_int64 offset) {
    if (fails()) {
        return fail_code == SQLITE_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    }
    return REAL(f)->pMethods->xWrite(REAL(f), from, amount, offset);
}

static int shim_truncate(sqlite3_file *f, sqlite3_int64 size) {
    if (fails()) {
        return SQLITE_IOERR_TRUNCATE;
    }
    return REAL(f)->pMethods->xTruncate(REAL(f), size);
}

static int shim_sync(sqlite3_file *f, int flags) {
    if (fails()) {
        return SQLITE_IOERR_FSYNC;
    }
    return REAL(f)->pMethods->xSync(REAL(f), flags);
}

static int shim_size(sqlite3_file *f, sqlite3_int64 *size) {
    return REAL(f)->pMethods->xFileSize(REAL(f), size);
}

static int shim_lock(sqlite3_file *f, int level) {
    return REAL(f)->pMethods->xLock(REAL(f), level);
}

static int shim_unlock(sqlite3_file *f, int level) {
    return REAL(f)->pMethods->xUnlock(REAL(f), level);
}

static int shim_reserved(sqlite3_file *f, int *result) {
    return REAL(f)->pMethods->xCheckReservedLock(REAL(f), result);
}

static int shim_control(sqlite3_file *f, int operation, void *argument) {
    return REAL(f)->pMethods->xFileControl(REAL(f), operation, argument);
}

static int shim_sector(sqlite3_file *f) {
    return REAL(f)->pMethods->xSectorSize(REAL(f));
}

static int shim_device(sqlite3_file *f) {
    return REAL(f)->pMethods->xDeviceCharacteristics(REAL(f));
}

static int shim_shm_map(sqlite3_file *f, int region, int size, int extend, void volatile **to) {
    return REAL(f)->pMethods->xShmMap(REAL(f), region, size, extend, to);
}

static int shim_shm_lock(sqlite3_file *f, int offset, int n, int flags) {
    return REAL(f)->pMethods->xShmLock(REAL(f), offset, n, flags);
}

static void shim_shm_barrier(sqlite3_file *f) {
    REAL(f)->pMethods->xShmBarrier(REAL(f));
}

static int shim_shm_unmap(sqlite3_file *f, int remove) {
    return REAL(f)->pMethods->xShmUnmap(REAL(f), remove);
}

static const sqlite3_io_methods shim_methods = {
    .iVersion = 2,
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_reserved,
    .xFileControl = shim_control,
    .xSectorSize = shim_sector,
    .xDeviceCharacteristics = shim_device,
    .xShmMap = shim_shm_map,
    .xShmLock = shim_shm_lock,
    .xShmBarrier = shim_shm_barrier,
    .xShmUnmap = shim_shm_unmap,
};

static sqlite3_vfs *default_vfs, shim_vfs;

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out) {
    shim_file *file = (shim_file *)f;
    int rc;
    (void)vfs;
    file->real = (sqlite3_file *)(file + 1);
    rc = default_vfs->xOpen(default_vfs, name, file->real, flags, out);
    f->pMethods = rc == SQLITE_OK ? &shim_methods : NULL;
    return rc;
}

static int shim_delete(sqlite3_vfs *vfs, const char *name, int sync) {
    (void)vfs;
    if (fails()) {
        return SQLITE_IOERR_DELETE;
    }
    return default_vfs->xDelete(default_vfs, name, sync);
}

static void make_vfs(void) {
    default_vfs = sqlite3_vfs_find(NULL);
    shim_vfs = *default_vfs;
    shim_vfs.zName = "shim";
    shim_vfs.szOsFile += (int)sizeof(shim_file);
    shim_vfs.xOpen = shim_open;
    shim_vfs.xDelete = shim_delete;
    sqlite3_vfs_register(&shim_vfs, 0);
}

/* --- the tests ---------------------------------------------------------------------------------------- */

static const char *limit; /* on the file's pages; NULL: none */

static const char *try_at(const scenario *s, const outcomes *o, long n) {
    sqlite3_int64 used = sqlite3_memory_used();
    sqlite3 *db = open_database("shim");
    const char *wrong = NULL;
    char flag[8] = "";
    int rc;
    must(db, "PRAGMA foreign_keys = ON");
    if (limit != NULL) {
        must(db, limit);
    }
    if (s->in_transaction) {
        must(db, CALLERS_WORK);
    }
    changes = 0;
    fail_at = n;
    armed = true;
    rc = run(db, s->call, NULL, 0);
    if (!s->in_transaction && !sqlite3_get_autocommit(db)) {
        wrong = "a transaction was left open";
    }
    if (s->in_transaction && !sqlite3_get_autocommit(db) &&
        run(db, "COMMIT", NULL, 0) != SQLITE_OK) {
        rc = SQLITE_ERROR; /* the fault met the caller's own commit */
    }
    armed = false;
    run(db, "PRAGMA foreign_keys", flag, sizeof flag);
    if (strcmp(flag, "1") != 0) {
        wrong = "foreign_keys is not as it was";
    }
    return end_try(db, used, s, o, rc, wrong);
}

static void sweep(const scenario *s, image i, const outcomes *o, const char *mode, long points) {
    static const struct {
        int code;
        bool sticky;
        const char *name;
    } ways[] = {{SQLITE_IOERR, false, "error once"},
                {SQLITE_IOERR, true, "errors from then on"},
                {SQLITE_FULL, false, "full once"},
                {SQLITE_FULL, true, "full from then on"}};
    for (int way = 0; way < 4; way++) {
        long total;
        fail_code = ways[way].code;
        sticky = ways[way].sticky;
        write_image(i);
        try_at(s, o, NO_FAULT);
        total = changes;
        if (total == 0) {
            continue; /* nothing is written */
        }
        check_sweep(sweep_points(s, i, o, total, points, try_at), total, "calls",
                    "%s, journal %s, %s", s->name, mode, ways[way].name);
    }
}

static void sweep_pages(const scenario *s, image i, const outcomes *o) {
    char pragma[64];
    const char *wrong = NULL;
    long page, tried = 0, first;
    sqlite3 *db;
    char answer[32] = "0";
    write_image(i);
    db = open_database(NULL);
    run(db, "PRAGMA page_count", answer, sizeof answer);
    sqlite3_close(db);
    first = atol(answer);
    limit = pragma;
    for (page = first; page <= first + 20 && wrong == NULL; page++, tried++) {
        snprintf(pragma, sizeof pragma, "PRAGMA max_page_count = %ld", page);
        write_image(i);
        wrong = try_at(s, o, NO_FAULT);
    }
    limit = NULL;
    check(wrong == NULL, "%s, full at a number of pages: %ld numbers%s%s", s->name, tried,
          wrong != NULL ? ": " : "", wrong != NULL ? wrong : "");
}

int main(int argc, char **argv) {
    static const char *const modes[] = {"delete", "wal"};
    make_vfs();
    begin(argc, argv);
    for (int i = 0; i < SCENARIOS; i++) {
        for (int mode = 0; mode < 2; mode++) {
            image file = prepare(&scenarios[i], modes[mode]);
            outcomes o = find_outcomes(&scenarios[i], file);
            sweep(&scenarios[i], file, &o, modes[mode], 15);
            if (mode == 0) {
                sweep_pages(&scenarios[i], file, &o);
            }
            free(file.bytes);
        }
    }
    return finish();
}
