/*
** lex.h - SQL tokens and statement boundaries, in SQLite's and PostgreSQL's dialects
**
** A lexer that never fails: every byte belongs to exactly one token, and what is not SQL becomes an
** ILLEGAL or UNTERMINATED token for the caller to judge. It knows what the engine's own lexer
** knows: strings, quoted names, comments (nested in PostgreSQL), dollar quotes, E'' strings,
** parameters, numbers. Over it, lim_next_statement() finds where each statement of a body starts
** and ends, through CREATE TRIGGER ... END (SQLite) and BEGIN ATOMIC ... END (PostgreSQL).
*/
#ifndef LIM_LEX_H
#define LIM_LEX_H

#include "text.h"

typedef enum lim_dialect { LIM_SQLITE, LIM_POSTGRES } lim_dialect;

typedef enum lim_token_kind {
    LIM_TOKEN_END,       /* past the last byte; length 0 */
    LIM_TOKEN_SPACE,     /* white space; a byte-order mark at the start counts as such */
    LIM_TOKEN_COMMENT,   /* -- to the end of line, or a block comment */
    LIM_TOKEN_WORD,      /* keyword or plain name */
    LIM_TOKEN_QUOTED,    /* "name", and in SQLite [name] and `name`; U&"name" in PostgreSQL */
    LIM_TOKEN_STRING,    /* 'text'; x'00'; E'', B'', U&'' and $tag$ ... $tag$ in PostgreSQL */
    LIM_TOKEN_NUMBER,    /* 1, 1.5e3, 0xff */
    LIM_TOKEN_PARAMETER, /* ?, ?1, :a, @a, $a, $a::b(c), #1 (SQLite), $1 (PostgreSQL) */
    LIM_TOKEN_SEMICOLON,
    LIM_TOKEN_LEFT,  /* ( */
    LIM_TOKEN_RIGHT, /* ) */
    LIM_TOKEN_COMMA,
    LIM_TOKEN_DOT,
    LIM_TOKEN_OPERATOR,     /* any other operator, longest match as the engine reads it */
    LIM_TOKEN_UNTERMINATED, /* a string, quoted name, dollar quote or comment without its end */
    LIM_TOKEN_ILLEGAL       /* a byte that starts nothing */
} lim_token_kind;

typedef struct lim_token {
    lim_token_kind kind;
    size_t start;  /* byte offset in the text */
    size_t length; /* in bytes */
} lim_token;

/* The token that starts at byte offset at (at <= length). Linear in the token's length. */
lim_token lim_lex(lim_dialect dialect, const char *text, size_t length, size_t at);

/* The first token at or after offset at that is neither space nor comment (maybe END). */
lim_token lim_lex_significant(lim_dialect dialect, const char *text, size_t length, size_t at);

/* What lim_skim() passed over. */
typedef struct lim_skimmed {
    size_t at;   /* where the next token begins, which needs a look; the length when none does */
    size_t stop; /* what needs it is here: lex from at until a token reaches beyond stop */
    size_t end;  /* just past the last significant token before at; 0 when there is none */
} lim_skimmed;

/* From the start of a token on, passes over all that is the same in both dialects and neither begins
** nor ends anything: words, numbers, most operators, commas, parentheses and white space. Several
** times as fast as lexing. Whoever skims again must first have lexed beyond stop. */
lim_skimmed lim_skim(const char *text, size_t length, size_t at);

/* True when the token is the plain word, whatever its case. word is in lower case. */
bool lim_token_is(const char *text, lim_token token, const char *word);

/* The name a WORD, QUOTED (or, as SQLite allows, STRING) token stands for: quotes stripped, doubled
** quotes single, the escapes of U&"" undone (those of E'' are not); a plain word as it is. NULL:
** LIM_NOMEM. */
char *lim_token_name(lim_context *cx, lim_dialect dialect, const char *text, lim_token token);

/* One statement of a body. */
typedef struct lim_statement {
    size_t start;    /* offset of its first significant token */
    size_t end;      /* just past its last significant token; the semicolon is not part of it */
    size_t next;     /* where the search for the following statement goes on */
    lim_token first; /* its first token */
    bool has_semicolon;
    bool unterminated; /* its last token is LIM_TOKEN_UNTERMINATED */
} lim_statement;

/* Finds the statement at or after *cursor and moves *cursor behind it; empty statements are passed
** over. False: none is left. */
bool lim_next_statement(lim_dialect dialect, const char *text, size_t length, size_t *cursor,
                        lim_statement *statement);

#endif
