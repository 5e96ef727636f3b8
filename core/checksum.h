/*
** checksum.h - the canonical text of a migration file and its SHA-256
**
** The checksum tells whether a revision's text changed since it was stored. It is taken over the
** canonical text, so that a checkout with other line ends gives the same one.
*/
#ifndef LIM_CHECKSUM_H
#define LIM_CHECKSUM_H

#include "arena.h"

#define LIM_CHECKSUM_SIZE 65 /* 64 lower-case hexadecimal digits and the NUL */

/* SHA-256 (FIPS 180-4) in pieces. */
typedef struct lim_sha256 {
    uint32_t state[8];
    uint64_t length; /* bytes so far */
    unsigned char block[64];
} lim_sha256;

void lim_sha256_begin(lim_sha256 *h);
void lim_sha256_add(lim_sha256 *h, const void *bytes, size_t length);
void lim_sha256_end(lim_sha256 *h, char hex[LIM_CHECKSUM_SIZE]);

/* The checksum of a text: SHA-256 over its canonical form (no byte-order mark, CRLF and CR as LF,
** no blank lines at the end, one LF at the end unless empty), without building that form. */
void lim_checksum(const char *text, size_t length, char hex[LIM_CHECKSUM_SIZE]);

/* The canonical form itself, owned by cx: text is returned unchanged (no copy) when it already is
** canonical. *out_length gets its length. NULL: LIM_NOMEM. */
const char *lim_canonical(lim_context *cx, const char *text, size_t length, size_t *out_length);

#endif
