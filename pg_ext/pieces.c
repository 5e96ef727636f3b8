/*
 * pieces.c - the statements of a body, parsed by the server's grammar
 *
 * A body of ordinary size is one piece: it is parsed once, and its trees are kept until it has run. The trees
 * of 100 MB of INSERTs would take a gigabyte, so a larger body is cut into pieces where our lexer sees a
 * statement end, and one piece's trees are held at a time: a piece is parsed when the body is checked and
 * again when it runs. That both see the same statements in it is made sure of.
 *
 * A tree's positions count in its piece's text, which is the source text of its statements.
 */
#include "limbeck.h"

#include "parser/parser.h"
#include "utils/memutils.h"

#include "compat.h"

/* The size from which on a body is cut, and about the size of the pieces. */
#define PIECE_SIZE (256 * 1024)

struct BodyPiece
{
	int			start;			/* byte of the body */
	int			length;
	int			first;			/* its first statement, from 0; a wrapping BEGIN counts */
	int			count;			/* statements; -1: not known yet, for it is the only piece */
};

/* Parses as strings were read when the body was prepared, whatever a SET in it says by now. */
static List *
parse_piece(const Body *body, const char *text)
{
	bool		conforming = standard_conforming_strings;
	List	   *trees;

	standard_conforming_strings = body->conforming_strings;
	PG_TRY();
	{
		trees = parse_body(text);
	}
	PG_FINALLY();
	{
		standard_conforming_strings = conforming;
	}
	PG_END_TRY();
	return trees;
}

/* Makes a piece the one at work. */
static void
load_piece(Body *body, int piece)
{
	BodyPiece  *p = &body->pieces[piece];
	MemoryContext old;

	if (body->piece == piece)
		return;
	if (body->piece_count > 1)
		MemoryContextReset(body->memory);
	old = MemoryContextSwitchTo(body->memory);
	body->piece = piece;
	body->source = body->piece_count == 1 ? body->text
		: pnstrdup(body->text + p->start, p->length);
	body->trees = NIL;
	body->trees = parse_piece(body, body->source);
	MemoryContextSwitchTo(old);
	if (p->count < 0)
		p->count = list_length(body->trees);
	if (p->count != list_length(body->trees))
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("the server sees %d statements where Limbeck sees %d",
						list_length(body->trees), p->count),
				 errposition(1)));
}

/* Where the piece at work begins in the body. */
int
body_piece_start(const Body *body)
{
	return body->piece >= 0 ? body->pieces[body->piece].start : 0;
}

int
body_piece_end(const Body *body)
{
	const BodyPiece *p = &body->pieces[body->piece];

	return p->start + p->length;
}

/* The statement at work, of the piece at work; NULL: none is at work. */
RawStmt *
body_current(const Body *body)
{
	int			number = body->current - 1 + (body->wrapped ? 1 : 0);

	if (body->current == 0)
		return NULL;
	return list_nth_node(RawStmt, body->trees, number - body->pieces[body->piece].first);
}

/* Makes a statement, from 1, the one at work. Its tree lasts until a statement of another piece is. */
RawStmt *
body_go_to(Body *body, int statement)
{
	int			number = statement - 1 + (body->wrapped ? 1 : 0);
	int			piece = Max(body->piece, 0);

	while (number < body->pieces[piece].first)
		piece--;
	while (piece + 1 < body->piece_count && number >= body->pieces[piece + 1].first)
		piece++;
	body->current = 0;
	load_piece(body, piece);
	body->current = statement;
	return body_current(body);
}

static void
add_piece(Body *body, int start, int end, int first, int count)
{
	if ((body->piece_count & (body->piece_count - 1)) == 0)	/* 0 or a power of two */
	{
		Size		size = sizeof(BodyPiece) * Max(1, 2 * body->piece_count);

		body->pieces = body->piece_count == 0 ? palloc(size) : repalloc(body->pieces, size);
	}
	body->pieces[body->piece_count++] = (BodyPiece) {start, end - start, first, count};
}

/* Where the server reads backslashes in plain strings, our lexer, which doesn't, finds no statement's end. */
static bool
is_cut(const Body *body)
{
	return body->length > PIECE_SIZE && body->conforming_strings;
}

static void
cut(Body *body)
{
	size_t		cursor = 0;
	int			start = 0;
	int			first = 0;
	int			number = 0;
	lim_statement statement;

	while (lim_next_statement(LIM_POSTGRES, body->text, body->length, &cursor, &statement))
	{
		number++;
		if (cursor - start < PIECE_SIZE)
			continue;
		add_piece(body, start, cursor, first, number - first);
		start = cursor;
		first = number;
	}
	if (number > first || body->piece_count == 0)
		add_piece(body, start, body->length, first, number - first);
	body->count = number;
}

static bool
is_plain_begin(const Node *statement)
{
	const TransactionStmt *t = (const TransactionStmt *) statement;

	return IsA(statement, TransactionStmt) && t->options == NIL &&
		(t->kind == TRANS_STMT_BEGIN || t->kind == TRANS_STMT_START);
}

static bool
is_plain_commit(const Node *statement)
{
	const TransactionStmt *t = (const TransactionStmt *) statement;

	return IsA(statement, TransactionStmt) && t->kind == TRANS_STMT_COMMIT && !t->chain;
}

/* True when BEGIN and COMMIT stand around all statements. */
static bool
is_wrapped(Body *body)
{
	if (body->count < 2)
		return false;
	load_piece(body, body->piece_count - 1);
	if (!is_plain_commit(llast_node(RawStmt, body->trees)->stmt))
		return false;
	load_piece(body, 0);
	return is_plain_begin(linitial_node(RawStmt, body->trees)->stmt);
}

/* Finds the statements of body->text; what is allocated lives as long as the present memory context. */
void
body_parse(Body *body)
{
	body->conforming_strings = standard_conforming_strings;
	/* most bodies are one piece, and a run holds all of them: those need no context of their own */
	body->memory = is_cut(body)
		? AllocSetContextCreate(CurrentMemoryContext, "limbeck statements", ALLOCSET_DEFAULT_SIZES)
		: CurrentMemoryContext;
	body->piece = -1;
	if (is_cut(body))
		cut(body);
	else
	{
		add_piece(body, 0, body->length, 0, -1);
		load_piece(body, 0);
		body->count = body->pieces[0].count;
	}
	if (!body->autocommit && is_wrapped(body))
	{
		body->wrapped = true;
		body->count -= 2;
	}
}
