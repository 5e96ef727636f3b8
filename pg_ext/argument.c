/*
 * argument.c - what the caller gave: NULL is always the default
 */
#include "limbeck.h"

#include "utils/builtins.h"

/* Argument n in core's encoding; NULL where it is NULL. */
const char *
argument_text(FunctionCallInfo fcinfo, int n)
{
	return argument_bytes(fcinfo, n).text;
}

lim_bytes
argument_bytes(FunctionCallInfo fcinfo, int n)
{
	lim_bytes	bytes = {NULL, 0};

	if (!PG_ARGISNULL(n))
	{
		bytes.text = to_core(text_to_cstring(PG_GETARG_TEXT_PP(n)));
		bytes.length = strlen(bytes.text);
	}
	return bytes;
}

bool
argument_bool(FunctionCallInfo fcinfo, int n)
{
	return !PG_ARGISNULL(n) && PG_GETARG_BOOL(n);
}
