/*
 * worker.c - a background worker that runs one SQL command, for the tests
 *
 *     run_in_worker(way, command, library) starts it in the present database, as the present role
 *
 *     portal     the command is a portal of its own at the top, as a client's would be and as pg_cron does
 *     spi        by SPI
 *     nonatomic  by SPI that allows commits
 *
 * Its error is found in the server's log.
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"

#include "../../pg_ext/compat.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void worker_main(Datum argument);

PG_FUNCTION_INFO_V1(run_in_worker);

typedef struct Order {
    Oid database;
    Oid role;
    char way[12];
    char command[BGW_EXTRALEN - 2 * sizeof(Oid) - 12];
} Order;

/* As the server's main loop does with a message of a client. */
static void run_by_portal(const char *command) {
    MemoryContext memory =
        AllocSetContextCreate(TopMemoryContext, "command", ALLOCSET_DEFAULT_SIZES);
    RawStmt *raw;
    List *plans;
    Portal portal;

    debug_query_string = command;
    StartTransactionCommand();
    MemoryContextSwitchTo(memory); /* outlives the commits */
    raw = linitial_node(RawStmt, parse_body(command));
    PushActiveSnapshot(GetTransactionSnapshot());
    plans = pg_plan_queries(analyze_statement(raw, command), command, 0, NULL);
    PopActiveSnapshot();
    portal = CreatePortal("", true, true);
    portal->visible = false;
    PortalDefineQuery(portal, NULL, command, CreateCommandTag(raw->stmt), plans, NULL);
    PortalStart(portal, NULL, 0, InvalidSnapshot);
    (void)run_portal(portal, true, None_Receiver);
    PortalDrop(portal, false);
    CommitTransactionCommand();
}

static void run_by_spi(const char *command, bool nonatomic) {
    StartTransactionCommand();
    SPI_connect_ext(nonatomic ? SPI_OPT_NONATOMIC : 0);
    PushActiveSnapshot(GetTransactionSnapshot());
    (void)SPI_execute(command, false, 0);
    if (ActiveSnapshotSet())
        PopActiveSnapshot();
    SPI_finish();
    CommitTransactionCommand();
}

void worker_main(Datum argument) {
    Order order;

    memcpy(&order, MyBgworkerEntry->bgw_extra, sizeof(order));
    BackgroundWorkerUnblockSignals();
    BackgroundWorkerInitializeConnectionByOid(order.database, order.role, 0);
    if (strcmp(order.way, "portal") == 0)
        run_by_portal(order.command);
    else
        run_by_spi(order.command, strcmp(order.way, "nonatomic") == 0);
}

Datum run_in_worker(PG_FUNCTION_ARGS) {
    char *way = text_to_cstring(PG_GETARG_TEXT_PP(0));
    char *command = text_to_cstring(PG_GETARG_TEXT_PP(1));
    Order order = {.database = MyDatabaseId, .role = GetUserId()};
    BackgroundWorkerHandle *handle;
    BackgroundWorker worker;
    pid_t pid;

    strlcpy(order.way, way, sizeof(order.way));
    strlcpy(order.command, command, sizeof(order.command));
    memset(&worker, 0, sizeof(worker));
    snprintf(worker.bgw_name, BGW_MAXLEN, "worker of the tests");
    snprintf(worker.bgw_type, BGW_MAXLEN, "worker of the tests");
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
    worker.bgw_restart_time = BGW_NEVER_RESTART;
    worker.bgw_notify_pid = MyProcPid;
    snprintf(worker.bgw_library_name, sizeof(worker.bgw_library_name), "%s",
             text_to_cstring(PG_GETARG_TEXT_PP(2)));
    snprintf(worker.bgw_function_name, BGW_MAXLEN, "worker_main");
    memcpy(worker.bgw_extra, &order, sizeof(order));
    if (!RegisterDynamicBackgroundWorker(&worker, &handle))
        ereport(ERROR,
                (errcode(ERRCODE_INSUFFICIENT_RESOURCES), errmsg("no background worker is free")));
    (void)WaitForBackgroundWorkerStartup(handle, &pid);
    PG_RETURN_VOID();
}
