/*
 * argument.c - what the caller gave: NULL is always the default
 */
#include "limbeck.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "compat.h"

/* Argument n in core's encoding; NULL where it is NULL. */
const char *
argument_text(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : to_core(text_to_cstring(PG_GETARG_TEXT_PP(n)));
}

/* A body or a file, which may be large: it is not copied, and no NUL is behind it. */
lim_bytes
argument_body(FunctionCallInfo fcinfo, int n)
{
	lim_bytes	body = {NULL, 0};
	text	   *given;

	if (PG_ARGISNULL(n))
		return body;
	given = PG_GETARG_TEXT_PP(n);
	body.length = VARSIZE_ANY_EXHDR(given);
	body.text = pg_server_to_any(VARDATA_ANY(given), body.length, PG_UTF8);
	if (body.text != VARDATA_ANY(given))
		body.length = strlen(body.text);
	return body;
}

bool
argument_bool(FunctionCallInfo fcinfo, int n)
{
	return !PG_ARGISNULL(n) && PG_GETARG_BOOL(n);
}
