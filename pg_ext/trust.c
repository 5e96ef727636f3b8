/*
 * trust.c - whose bodies run with the caller's rights
 *
 * A body runs as its caller, so whoever writes one that somebody else will run could borrow that
 * somebody's rights. A body of author A therefore runs for caller B only if A could already act as B:
 * A is B, may SET ROLE to B, or is a superuser. Authors are kept by name and OID; if the two no longer
 * belong together the role was dropped and made anew, and nobody vouches for the body.
 */
#include "limbeck.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "compat.h"

/* True when the role of that name still is the role that stored the body. */
static bool
is_same_role(const char *name, Oid oid)
{
	return name != NULL && OidIsValid(oid) && get_role_oid(from_core(name), true) == oid;
}

/* True when the author could act as the role without Limbeck's help. */
bool
trust_author(const char *name, Oid oid, Oid role)
{
	return is_same_role(name, oid) &&
		(oid == role || superuser_arg(oid) || can_act_as(oid, role));
}

/* True when the caller trusts every author in the ledger, which is found out without reading bodies.
 * Between ledger_enter() and ledger_leave(). */
bool
trust_all_authors(Call *call)
{
	bool		trusted = true;
	uint64		i;

	if (SPI_execute(psprintf("SELECT upgrade_author, upgrade_author_oid FROM ONLY %s.migrate_revision"
							 " UNION SELECT downgrade_author, downgrade_author_oid"
							 " FROM ONLY %s.migrate_revision",
							 call->schema_name, call->schema_name), false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the ledger's authors");
	for (i = 0; i < SPI_processed && trusted; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		bool		isnull;
		char	   *name = SPI_getvalue(tuple, SPI_tuptable->tupdesc, 1);
		Datum		oid = SPI_getbinval(tuple, SPI_tuptable->tupdesc, 2, &isnull);

		trusted = trust_author(to_core(name), DatumGetObjectId(oid), call->caller);
	}
	SPI_freetuptable(SPI_tuptable);
	return trusted;
}

/* What the author of a body could do. Most bodies have the same one as the body before. */
static const Trust *
find_trust(Call *call, const StoredRevision *stored, lim_direction direction)
{
	const char *author = stored->author[direction];
	Oid			oid = stored->author_oid[direction];
	Trust	   *trust = &call->trust;

	if (trust->author != NULL && trust->oid == oid && strcmp(trust->author, author) == 0)
		return trust;
	trust->author = MemoryContextStrdup(call->memory, author);
	trust->oid = oid;
	trust->caller = trust_author(author, oid, call->caller);
	trust->session = trust_author(author, oid, GetSessionUserId()) &&
		trust_author(author, oid, GetAuthenticatedUserId());
	return trust;
}

/* True when the caller has reason to trust a body. */
bool
trust_body(Call *call, const StoredRevision *stored, lim_direction direction)
{
	return find_trust(call, stored, direction)->caller;
}

/* Refuses a body that the caller has no reason to trust. */
void
trust_require(Call *call, const StoredRevision *stored, lim_direction direction)
{
	const char *author = stored->author[direction];
	Oid			oid = stored->author_oid[direction];
	const char *caller;

	if (trust_body(call, stored, direction))
		return;
	caller = GetUserNameFromId(call->caller, false);
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("the %s of revision \"%s\" was written by role \"%s\", which %s \"%s\"",
					direction == LIM_UP ? "upgrade" : "downgrade",
					from_core(lim_show(&call->cx, stored->stored.row->id)), from_core(author),
					is_same_role(author, oid) ? "may not act as" : "is gone and can't vouch for it to",
					caller),
			 errdetail("A body runs with the rights of its caller."),
			 errhint("Read the body with migrate_show(), then load or edit it as \"%s\", or run it as its author.",
					 caller)));
}

/*
 * True when the author could also act as the session's own user. Only then may a body use SET ROLE and
 * RESET ROLE: otherwise a body run after `SET ROLE low` would take back what the session gave up.
 */
bool
trust_session(Call *call, const StoredRevision *stored, lim_direction direction)
{
	return find_trust(call, stored, direction)->session;
}
