/*
 * body.c - a body parsed, and refused where it can't run
 *
 * The server's own grammar reads its statements (pieces.c). What can't run is refused here, before
 * anything of any revision runs:
 *
 *	   by words, since it would not parse: psql's meta-commands, COPY with its data inline
 *	   by the parse tree: transaction control, what needs a transaction of its own, parameters,
 *	   changes to the ledger
 *
 * One BEGIN ... COMMIT around the whole body means nothing more and is left out.
 */
#include "limbeck.h"

#include "catalog/namespace.h"
#include "commands/defrem.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"

#include "compat.h"

static const char *
transaction_hint(const Body *body)
{
	/* a procedure or a DO block, not the body's own words */
	if (running_body() == body)
		return body->autocommit ? "Put it outside of BEGIN and COMMIT."
			: "What commits by itself can run in a body marked transaction:false, with CALL migrate_apply.";
	return body->autocommit
		? "In a body marked transaction:false BEGIN, COMMIT and COMMIT AND CHAIN delimit transactions, each BEGIN with a COMMIT of its own."
		: "A body runs in one transaction as a whole. Only one BEGIN at its start and one COMMIT at its end may stand in it.";
}

static const char *
autocommit_hint(const Body *body)
{
	return body->autocommit ? "Put it outside of BEGIN and COMMIT."
		: "Mark the body transaction:false and run it with CALL migrate_apply.";
}

/* Where the words of the statement at work begin: its location points right behind the semicolon before it. */
static int
statement_start(const Body *body)
{
	size_t		at = body_piece_start(body) + Max(body_current(body)->stmt_location, 0);

	return (int) lim_lex_significant(LIM_POSTGRES, body->text, body->length, at).start;
}

/* The text of the statement at work; not NUL-terminated. */
const char *
body_statement_text(const Body *body, int *length)
{
	const RawStmt *raw = body_current(body);
	int			start = statement_start(body);
	int			end = raw->stmt_len > 0
		? body_piece_start(body) + raw->stmt_location + raw->stmt_len : body_piece_end(body);

	*length = Max(end - start, 0);
	return body->text + start;
}

/* Characters between two bytes of the body. */
static int
characters(const Body *body, int from, int to)
{
	return pg_mbstrlen_with_len(body->text + from, to - from);
}

/* An error's position, from 1 and in characters of the piece at work, of a byte of the body. */
static int
error_position(const Body *body, int offset)
{
	return characters(body, body_piece_start(body), offset) + 1;
}

/* The byte at such a position. */
static int
position_offset(const Body *body, int position)
{
	int			offset = body_piece_start(body);

	while (--position > 0 && offset < (int) body->length)
		offset += pg_mblen(body->text + offset);
	return offset;
}

/* Line and column, from 1, of a byte of the body. */
static lim_position
line_and_column(const Body *body, int offset)
{
	const char *line = body->text;
	const char *at;
	lim_position position = {1, 1};

	for (at = body->text; at < body->text + offset; at++)
	{
		if (*at == '\n')
		{
			position.line++;
			line = at + 1;
		}
	}
	position.column = pg_mbstrlen_with_len(line, body->text + offset - line) + 1;
	return position;
}

/* A body longer than this is not sent back whole with an error, only the statement. */
#define BODY_SHOWN 8192

/* What psql shows a line of, with a caret below; *start is where in the body it begins. */
static const char *
shown_text(const Body *body, int *start)
{
	const char *statement;
	int			length;

	*start = 0;
	if (body->current == 0 || body->length <= BODY_SHOWN)
		return body->text;
	statement = body_statement_text(body, &length);
	*start = (int) (statement - body->text);
	return pnstrdup(statement, length);
}

/* Number of the statement that holds a byte, and of all, for a body that has not been parsed. */
static int
count_statements(const Body *body, int offset, int *all)
{
	size_t		length = body->length;
	size_t		cursor = 0;
	lim_statement statement;
	int			holding = 0;

	*all = 0;
	while (lim_next_statement(LIM_POSTGRES, body->text, length, &cursor, &statement))
	{
		++*all;
		if (statement.start <= (size_t) offset)
			holding = *all;
	}
	return Max(holding, 1);
}

/*
 * Says of every error (and notice) of a body where it stands. A position in the error is one in the
 * body, which is not the text that the client sent: it becomes an internal one.
 */
void
body_error_context(void *arg)
{
	Body	   *body = arg;
	const char *direction = body->direction == LIM_UP ? "upgrade" : "downgrade";
	int			position = geterrposition();
	int			all = body->count;
	int			number = body->current;
	int			offset = 0;
	lim_position place;

	if (body->finishing)
	{
		errcontext("revision \"%s\" (%s), after statement %d of %d", body->revision, direction,
				   all, all);
		return;
	}
	if (position > 0)
	{
		int			start;
		const char *shown = shown_text(body, &start);

		offset = position_offset(body, position);
		errposition(0);
		internalerrposition(characters(body, start, offset) + 1);
		internalerrquery(shown);
	}
	else if (number > 0)
		offset = statement_start(body);
	if (number == 0)
		number = count_statements(body, offset, &all);
	if (geterrcode() == ERRCODE_ACTIVE_SQL_TRANSACTION)
		errhint("%s", autocommit_hint(body));
	else if (geterrcode() == ERRCODE_INVALID_TRANSACTION_TERMINATION)
		errhint("%s", transaction_hint(body));
	place = line_and_column(body, offset);
	errcontext("revision \"%s\" (%s), statement %d of %d, line %d, column %d", body->revision,
			   direction, number, all, place.line, place.column);
}

/*
 * Takes the present error off the stack, to be recorded or thrown again. One that came without a place of its own (a division by zero, a
 * violated constraint) gets the statement's, so that psql shows a line of the body with a caret.
 */
ErrorData *
body_take_error(const Body *body)
{
	ErrorData  *error = CopyErrorData();

	FlushErrorState();
	if (body != NULL && body->current > 0 && !body->finishing && error->cursorpos == 0 &&
		error->internalpos == 0 && error->internalquery == NULL)
	{
		int			start;

		error->internalquery = pstrdup(shown_text(body, &start));
		error->internalpos = characters(body, start, statement_start(body)) + 1;
	}
	(void) retry_explain(error);
	return error;
}

void
body_rethrow(const Body *body)
{
	ReThrowError(body_take_error(body));
}

static bool
has_words(const Body *body, const lim_statement *statement, const char *first, const char *second)
{
	lim_token	token = statement->first;
	bool		found = false;

	while (token.kind != LIM_TOKEN_END)
	{
		lim_token	next = lim_lex_significant(LIM_POSTGRES, body->text, statement->end,
											   token.start + token.length);

		if (lim_token_is(body->text, token, first) && lim_token_is(body->text, next, second))
			found = true;
		token = next;
	}
	return found;
}

static void refuse_copy(const Body *body, bool from, int offset) __attribute__((noreturn));

static void
refuse_copy(const Body *body, bool from, int offset)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 from ? errmsg("COPY FROM STDIN is not possible in a body")
			 : errmsg("COPY TO STDOUT is not possible in a body"),
			 from ? errhint("Write INSERT statements, or COPY from a file of the server.")
			 : errhint("COPY to a file of the server, or take the statement out of the body."),
			 errposition(error_position(body, offset))));
}

/* Refuses what only psql understands: the server's grammar would trip over it somewhere. */
static void
refuse_psql_words(const Body *body)
{
	size_t		length = body->length;
	size_t		cursor = 0;
	size_t		at = 0;
	lim_statement statement;
	lim_token	token;

	while (lim_next_statement(LIM_POSTGRES, body->text, length, &cursor, &statement))
	{
		if (!lim_token_is(body->text, statement.first, "copy"))
			continue;
		if (has_words(body, &statement, "from", "stdin"))
			refuse_copy(body, true, statement.start);
		if (has_words(body, &statement, "to", "stdout"))
			refuse_copy(body, false, statement.start);
	}
	if (memchr(body->text, '\\', length) == NULL)
		return;
	while ((token = lim_lex(LIM_POSTGRES, body->text, length, at)).kind != LIM_TOKEN_END)
	{
		if (body->text[token.start] == '\\')
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("a psql meta-command is not possible in a body"),
					 errhint("The server runs the body: write what the command does in SQL."),
					 errposition(error_position(body, token.start))));
		at = token.start + token.length;
	}
}

static bool
option_is_on(List *options, const char *name)
{
	ListCell   *cell;

	foreach(cell, options)
	{
		DefElem    *option = lfirst_node(DefElem, cell);

		if (strcmp(option->defname, name) == 0)
			return defGetBoolean(option);
	}
	return false;
}

static const char *
reindex_alone(const ReindexStmt *reindex)
{
#if PG_VERSION_NUM >= 140000
	if (option_is_on(reindex->params, "concurrently"))
		return "REINDEX CONCURRENTLY";
#else
	if (reindex->concurrent)
		return "REINDEX CONCURRENTLY";
#endif
	switch (reindex->kind)
	{
		case REINDEX_OBJECT_SCHEMA:
			return "REINDEX SCHEMA";
		case REINDEX_OBJECT_SYSTEM:
			return "REINDEX SYSTEM";
		case REINDEX_OBJECT_DATABASE:
			return "REINDEX DATABASE";
		default:
			return NULL;
	}
}

static const char *
alter_alone(const AlterTableStmt *alter)
{
#if PG_VERSION_NUM >= 140000
	ListCell   *cell;

	foreach(cell, alter->cmds)
	{
		AlterTableCmd *command = (AlterTableCmd *) lfirst(cell);

		if (command->subtype == AT_DetachPartition &&
			castNode(PartitionCmd, command->def)->concurrent)
			return "DETACH PARTITION CONCURRENTLY";
	}
#endif
	return NULL;
}

/* The name of a statement that the server runs outside transaction blocks only, as far as its words
 * say; NULL for any other. */
static const char *
needs_autocommit(Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_IndexStmt:
			return ((IndexStmt *) statement)->concurrent ? "CREATE INDEX CONCURRENTLY" : NULL;
		case T_DropStmt:
			return ((DropStmt *) statement)->concurrent ? "DROP INDEX CONCURRENTLY" : NULL;
		case T_ReindexStmt:
			return reindex_alone((ReindexStmt *) statement);
		case T_AlterTableStmt:
			return alter_alone((AlterTableStmt *) statement);
		case T_VacuumStmt:
			return ((VacuumStmt *) statement)->is_vacuumcmd ? "VACUUM" : NULL;
		case T_ClusterStmt:
			return ((ClusterStmt *) statement)->relation == NULL ? "CLUSTER of all tables" : NULL;
		case T_DiscardStmt:
			return ((DiscardStmt *) statement)->target == DISCARD_ALL ? "DISCARD ALL" : NULL;
		case T_AlterSystemStmt:
		case T_CreatedbStmt:
		case T_DropdbStmt:
		case T_CreateTableSpaceStmt:
		case T_DropTableSpaceStmt:
			return GetCommandTagName(CreateCommandTag(statement));
		default:
			return NULL;
	}
}

/* True when the statement at work waits for others by design, and nobody waits behind it: what works
 * CONCURRENTLY, and VACUUM. SET waits for nothing. */
bool
body_waits_long(const Body *body)
{
	Node	   *statement = body_current(body)->stmt;
	const char *alone = needs_autocommit(statement);

	if (IsA(statement, VacuumStmt))
		return !option_is_on(((VacuumStmt *) statement)->options, "full");
	return IsA(statement, VariableSetStmt) || (alone != NULL && strstr(alone, "CONCURRENTLY") != NULL);
}

/* True when the statement at work makes tables and indexes anew as they are, those of the ledger with all
 * others of a schema or the database. */
bool
body_rebuilds(const Body *body)
{
	const RawStmt *raw = body_current(body);

	return raw != NULL &&
		(IsA(raw->stmt, ReindexStmt) || IsA(raw->stmt, VacuumStmt) || IsA(raw->stmt, ClusterStmt));
}

/* BEGIN, COMMIT and COMMIT AND CHAIN delimit the transactions of a body that runs statement by
 * statement. */
static bool
delimits_transaction(Body *body, const TransactionStmt *statement)
{
	switch (statement->kind)
	{
		case TRANS_STMT_BEGIN:
		case TRANS_STMT_START:
			if (body->in_block)
				return false;
			body->in_block = true;
			return true;
		case TRANS_STMT_COMMIT:
			if (!body->in_block)
				return false;
			body->in_block = statement->chain;
			return true;
		default:
			return false;
	}
}

/* The first parameter of the statement at work; -1: none. */
static int
find_parameter(const Body *body, int *parameter_length)
{
	int			length;
	const char *text = body_statement_text(body, &length);
	size_t		at = 0;
	lim_token	token;

	if (memchr(text, '$', length) == NULL)
		return -1;
	while ((token = lim_lex(LIM_POSTGRES, text, length, at)).kind != LIM_TOKEN_END)
	{
		if (token.kind == LIM_TOKEN_PARAMETER)
		{
			*parameter_length = (int) token.length;
			return (int) (text - body->text + token.start);
		}
		at = token.start + token.length;
	}
	return -1;
}

/* A table that the statement changes by its own words; NULL: none is named. */
static RangeVar *
changed_relation(Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_InsertStmt:
			return ((InsertStmt *) statement)->relation;
		case T_UpdateStmt:
			return ((UpdateStmt *) statement)->relation;
		case T_DeleteStmt:
			return ((DeleteStmt *) statement)->relation;
#if PG_VERSION_NUM >= 150000
		case T_MergeStmt:
			return ((MergeStmt *) statement)->relation;
#endif
		case T_CopyStmt:
			return ((CopyStmt *) statement)->is_from ? ((CopyStmt *) statement)->relation : NULL;
		case T_AlterTableStmt:
			return ((AlterTableStmt *) statement)->relation;
		case T_RenameStmt:
			return ((RenameStmt *) statement)->relation;
		case T_AlterObjectSchemaStmt:
			return ((AlterObjectSchemaStmt *) statement)->relation;
		case T_CreateTrigStmt:
			return ((CreateTrigStmt *) statement)->relation;
		case T_RuleStmt:
			return ((RuleStmt *) statement)->relation;
		case T_CreatePolicyStmt:
			return ((CreatePolicyStmt *) statement)->table;
		case T_IndexStmt:
			return ((IndexStmt *) statement)->relation;
		default:
			return NULL;
	}
}

static bool
is_ledger(const Call *call, RangeVar *name)
{
	Oid			oid;
	LedgerTable table;

	if (name == NULL || name->relname == NULL || name->catalogname != NULL ||
		!tables_has_name(name->relname))
		return false;
	/* by hand: RangeVarGetRelid() asks for rights that an earlier revision may still have to grant */
	oid = name->schemaname != NULL
		? get_relname_relid(name->relname, get_namespace_oid(name->schemaname, true))
		: RelnameGetRelid(name->relname);
	for (table = 0; table < LEDGER_TABLES; table++)
	{
		if (OidIsValid(oid) && oid == call->tables.oid[table])
			return true;
	}
	return false;
}

static bool
drops_ledger(const Call *call, const DropStmt *drop)
{
	ListCell   *cell;

	foreach(cell, drop->objects)
	{
		if (drop->removeType == OBJECT_EXTENSION && strcmp(strVal(lfirst(cell)), "limbeck") == 0)
			return true;
		if (drop->removeType == OBJECT_TABLE &&
			is_ledger(call, makeRangeVarFromNameList((List *) lfirst(cell))))
			return true;
	}
	return false;
}

/* True when the statement's own words change the ledger or the extension; guard.c sees the rest. */
static bool
changes_ledger(const Call *call, Node *statement)
{
	ListCell   *cell;

	switch (nodeTag(statement))
	{
		case T_DropStmt:
			return drops_ledger(call, (DropStmt *) statement);
		case T_AlterExtensionStmt:
			return strcmp(((AlterExtensionStmt *) statement)->extname, "limbeck") == 0;
		case T_AlterExtensionContentsStmt:
			return strcmp(((AlterExtensionContentsStmt *) statement)->extname, "limbeck") == 0;
		case T_TruncateStmt:
			foreach(cell, ((TruncateStmt *) statement)->relations)
			{
				if (is_ledger(call, lfirst_node(RangeVar, cell)))
					return true;
			}
			return false;
		default:
			return is_ledger(call, changed_relation(statement));
	}
}

/* Refuses the statement at work when it can't run in a body. */
static void
check_statement(const Call *call, Body *body)
{
	Node	   *statement = body_current(body)->stmt;
	int			start = statement_start(body);
	const char *alone;
	int			parameter;
	int			parameter_length;

	if (IsA(statement, TransactionStmt))
	{
		if (body->autocommit && delimits_transaction(body, (TransactionStmt *) statement))
			return;
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
				 errmsg("%s is not possible %s", GetCommandTagName(CreateCommandTag(statement)),
						body->autocommit ? "here" : "in a body"),
				 errhint("%s", transaction_hint(body)),
				 errposition(error_position(body, start))));
	}
	if (IsA(statement, CopyStmt) && ((CopyStmt *) statement)->filename == NULL)
		refuse_copy(body, ((CopyStmt *) statement)->is_from, start);
	alone = needs_autocommit(statement);
	if (alone != NULL && (!body->autocommit || body->in_block))
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("%s is not possible in a transaction", alone),
				 errhint("%s", autocommit_hint(body)),
				 errposition(error_position(body, start))));
	if (changes_ledger(call, statement))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a body cannot change Limbeck's ledger"),
				 errhint("Take the statement out of the body."),
				 errposition(error_position(body, start))));
	if (IsA(statement, CreateFunctionStmt) || IsA(statement, PrepareStmt))
		return;
	parameter = find_parameter(body, &parameter_length);
	if (parameter >= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_PARAMETER),
				 errmsg("a body cannot have parameters: %.*s", parameter_length, body->text + parameter),
				 errhint("Write the value itself."),
				 errposition(error_position(body, parameter))));
}

/* Parses a body and refuses what can't run. Everything lives in the present memory context. */
void
body_prepare(Call *call, Body *body, const char *revision, lim_direction direction,
			 const char *text, size_t length, bool autocommit)
{
	ErrorContextCallback context;
	int			i;

	memset(body, 0, sizeof(*body));
	body->autocommit = autocommit;
	body->call = call;
	body->revision = revision;
	body->direction = direction;
	body->text = text;
	body->length = length;
	body->piece = -1;

	context.callback = body_error_context;
	context.arg = body;
	context.previous = error_context_stack;
	error_context_stack = &context;

	refuse_psql_words(body);
	body_parse(body);
	for (i = 1; i <= body->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		(void) body_go_to(body, i);
		check_statement(call, body);
	}
	body->current = 0;
	if (body->in_block)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
				 errmsg("a transaction of the body has no COMMIT"),
				 errhint("%s", transaction_hint(body))));

	error_context_stack = context.previous;
}
