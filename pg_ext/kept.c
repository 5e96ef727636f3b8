/*
 * kept.c - the ledger as this backend read it last
 *
 * Revisions, edges and labels are read once, with the graph that core makes of them, and used again by
 * later calls for as long as their stamp (stamp.c) says that nothing changed; bodies are not among them. The
 * version rows and the log are read anew each time.
 *
 * What is kept never changes, but for texts that are read later (ledger.c): a call gets a copy of the graph's
 * head, to which core adds what it computes. It lives as long as the backend keeps it or a call uses it; a call lets go of it when its memory goes, on
 * whatever path.
 */
#include "limbeck.h"

#include "utils/memutils.h"

/* A ledger that takes more memory than this is read by every call. */
#define KEPT_LIMIT (64 * 1024 * 1024)

static KeptLedger *kept = NULL;

static void
let_go(void *ledger)
{
	KeptLedger *l = ledger;

	if (--l->references == 0)
	{
		if (kept == l)
			kept = NULL;
		MemoryContextDelete(l->memory);
	}
}

/* Gives the ledger to a call, to the end of its memory. */
static void
hand_out(Call *call, KeptLedger *l)
{
	MemoryContextCallback *callback = MemoryContextAllocZero(call->memory,
															 sizeof(MemoryContextCallback));

	callback->func = let_go;
	callback->arg = l;
	l->references++;
	MemoryContextRegisterResetCallback(call->memory, callback);
	call->kept = l;
}

/* Forgets what this backend keeps. Calls that use it may go on. */
static void
forget(void)
{
	KeptLedger *l = kept;

	kept = NULL;
	if (l != NULL)
		let_go(l);
}

/* What is kept, with as much read as is asked for, where it is what the snapshot sees; else
 * NULL. */
KeptLedger *
kept_find(Call *call, RevisionDetail detail, Snapshot snapshot)
{
	lim_list	labels = {0};

	if (kept != NULL && !stamp_holds(&kept->stamp, call))
		forget();
	if (kept == NULL || !stamp_serves(&kept->stamp, snapshot) || kept->detail < detail)
		return NULL;
	hand_out(call, kept);
	/* for this call and all later ones; what fails here each of them does by itself */
	if (kept->graph->effective == NULL && kept->graph->count > 0)
		(void) lim_effective_labels(&kept->cx, kept->graph, 0, &labels);
	return kept;
}

/* Begins to read a ledger: its memory is the call's for now. */
KeptLedger *
kept_begin(Call *call, RevisionDetail detail, Snapshot snapshot)
{
	MemoryContext memory = AllocSetContextCreate(call->memory, "limbeck ledger",
												 ALLOCSET_DEFAULT_SIZES);
	KeptLedger *l = MemoryContextAllocZero(memory, sizeof(KeptLedger));

	l->memory = memory;
	l->cx = core_context(memory);
	l->detail = detail;
	stamp_begin(&l->stamp, snapshot);
	call->kept = l;
	return l;
}

/* Keeps a ledger that was read and found sound, where there is a stamp for it. */
void
kept_keep(Call *call, KeptLedger *l)
{
	if (!l->stamp.valid || MemoryContextMemAllocated(l->memory, true) > KEPT_LIMIT)
		return;
	forget();
	l->stamp.snapshot = NULL;
	hand_out(call, l);
	MemoryContextSetParent(l->memory, CacheMemoryContext);
	l->references++;
	kept = l;
}
