/*
** script.h - the migration file: reading it, writing it, and what its name says
**
** A plain dbmate file, with header lines for what a revision graph needs on top:
**
**     -- migrate:revision 3f2a9c1b77de
**     -- migrate:message add users
**     -- migrate:down_revision 001, 002
**     -- migrate:depends_on 8a41c2d0, billing
**     -- migrate:branch_label accounts
**     -- migrate:up
**     CREATE TABLE users (id integer PRIMARY KEY, email text NOT NULL);
**     -- migrate:down
**     DROP TABLE users;
**
** `-- migrate:up sqlite` and `-- migrate:down postgres` override the common section for one engine;
** `transaction:false` after up or down marks a body that must run outside a transaction.
** `-- migrate:down_revision base` (or nothing behind the word) says that the revision starts a base
** of its own.
**
** A marker is a line that begins with --, then maybe blanks, then migrate: and a letter. It counts
** outside strings, quoted names, dollar quotes and block comments only. Sections for one engine are
** read as that engine reads them. A common section is read as PostgreSQL does, and as SQLite does
** where that is no string of PostgreSQL's: [it's] and `it's` are names, and a comment that ends
** sooner without nesting than the section does not nest. A quote without an end is an error that
** names its line. So is a quote that seems to run over a marker because it or one before it was not
** closed: a string that touches a word on either side, or a dollar quote that holds the only line of
** migrate:down in the file.
**
** A section's body is what stands between its marker's line and the next one, without the blank
** lines (of spaces and tabs) and the line end at its end. So a body has one form: line ends are LF,
** and none is at the end.
*/
#ifndef LIM_SCRIPT_H
#define LIM_SCRIPT_H

#include "checksum.h"
#include "lex.h"

/* The largest body and the largest migration file that are stored, in bytes. A row of the ledger may hold
** a file and what it says both ways, and has to stay below the 1,000,000,000 bytes that SQLite lets a row
** have and the 1 GiB of PostgreSQL. */
#define LIM_SIZE_LIMIT (UINT32_C(256) << 20)

/* Fails when a text is too long: what ("the upgrade") has too many bytes for a kind ("a body"). */
bool lim_size_check(lim_context *cx, const char *what, const char *kind, size_t length);

typedef enum lim_direction { LIM_UP, LIM_DOWN } lim_direction;

/* One section of a file. Without the section, present is false. */
typedef struct lim_section {
    bool present;
    bool transactional; /* false when the marker says transaction:false */
    const char *body;   /* points into the canonical text; not NUL-terminated */
    size_t length; /* 0 for an empty section; the end's blank lines and LF are not part of it */
    uint32_t line; /* line of the file on which the body starts, from 1 */
} lim_section;

typedef enum lim_variant {
    LIM_VARIANT_COMMON,
    LIM_VARIANT_SQLITE,
    LIM_VARIANT_POSTGRES,
    LIM_VARIANTS
} lim_variant;

typedef struct lim_script {
    const char *text; /* the canonical text, whole */
    size_t length;
    const char *id;         /* from the header or the file's name; NULL when neither gives one */
    const char *message;    /* likewise; NULL when neither gives one */
    bool has_message;       /* a message line stands in the file */
    bool has_down_revision; /* a down_revision line stands in the file (an empty list: base) */
    lim_list down_revision;
    lim_list depends_on;
    lim_list branch_labels;
    lim_section sections[2][LIM_VARIANTS]; /* [direction][variant] */
} lim_script;

/* Reads a file. text need not be canonical; name is the file's name (a path's directories are
** ignored) or NULL. The result points into the context's memory and, where the text already was
** canonical, into text. Fails with LIM_SYNTAX or LIM_INVALID, naming file and line: no up section,
** the same section twice, an unknown directive or option, text before the first section other than
** comments, UTF-16, a NUL byte, bad UTF-8, a bad id or label, the same header twice. */
bool lim_script_parse(lim_context *cx, const char *text, size_t length, const char *name,
                      lim_script *script);

/* The section that an engine runs: its own if present, else the common one, else NULL (going
** down: irreversible; going up it is an error that lim_script_parse() does not make, because the
** file may be for the other engine: the caller names the file). */
const lim_section *lim_script_section(const lim_script *script, lim_direction direction,
                                      lim_dialect dialect);

/* Writes the file of a revision made by a call: all header lines, then the sections that are
** present (own markers for an engine's). The file is canonical; *length gets its size in bytes.
** Bodies are written in the form that parsing gives: line ends become LF, a byte-order mark at the
** start and blank lines at the end go. Otherwise what is printed parses back to the same fields, and
** what could not is refused (LIM_INVALID): a body with a line that would read as a marker, with a
** string or comment that has no end, a NUL byte or bad UTF-8; a bad id; a message of several lines.
** Line and column in such a message are those of the body. NULL: see cx->error. */
char *lim_script_print(lim_context *cx, const lim_script *script, size_t *length);

/* The checksum of that file, without building it. False: see cx->error. */
bool lim_script_checksum(lim_context *cx, const lim_script *script, char hex[LIM_CHECKSUM_SIZE]);

/* Gives message and bodies the form that reading the printed file would give. A body that has it is
** not copied. False: see cx->error. */
bool lim_script_settle(lim_context *cx, lim_script *script);

/* What a file's name says: the id and the message by the rule in API.md ("The migration file").
** Either is NULL when the name does not give one. False: LIM_NOMEM only. */
bool lim_script_name(lim_context *cx, const char *name, const char **id, const char **message);

/* The file name that export gives a revision: `<id>_<message as a slug>.sql`; what a file system may
** refuse in the id becomes a hyphen. NULL: LIM_NOMEM. */
char *lim_script_file_name(lim_context *cx, const char *id, const char *message);

/* Order of ids in a directory: runs of digits by value, the rest byte by byte. For qsort-like use:
** negative, 0, positive. */
int lim_compare_ids(const char *a, const char *b);

#endif
