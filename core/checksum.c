/*
** checksum.c - the canonical text of a migration file and its SHA-256
*/
#include "checksum.h"

#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#include <immintrin.h>
#include <stdatomic.h>
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 34)
#include <sys/platform/x86.h>
#endif
#endif

static const uint32_t ROUND_CONSTANTS[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t rotate(uint32_t x, int bits) {
    return x >> bits | x << (32 - bits);
}

static inline uint32_t big_endian(const unsigned char *b) {
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Works count blocks of 64 bytes into the state, on any machine. */
static void work_portably(uint32_t state[8], const unsigned char *bytes, size_t count) {
    for (; count > 0; count--, bytes += 64) {
        uint32_t w[64];
        for (int i = 0; i < 16; i++)
            w[i] = big_endian(bytes + 4 * i);
        for (int i = 16; i < 64; i++) {
            uint32_t x = w[i - 15], y = w[i - 2];
            w[i] = w[i - 16] + (rotate(x, 7) ^ rotate(x, 18) ^ x >> 3) + w[i - 7] +
                   (rotate(y, 17) ^ rotate(y, 19) ^ y >> 10);
        }
        uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
        uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
        for (int i = 0; i < 64; i++) {
            uint32_t t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + (g ^ (e & (f ^ g))) +
                          ROUND_CONSTANTS[i] + w[i];
            uint32_t t2 =
                (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) | (c & (a | b)));
            h = g;
            g = f;
            f = e;
            e = d + t1;
            d = c;
            c = b;
            b = a;
            a = t1 + t2;
        }
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }
}

#if defined(__x86_64__) && defined(__GNUC__) && !defined(LIM_PORTABLE)
#define HAVE_INSTRUCTIONS

/* The same with the processor's own instructions, which hold the state as the words ABEF and CDGH and
** do two rounds at a time. */
__attribute__((target("sha,sse4.1"))) static void
work_natively(uint32_t state[8], const unsigned char *bytes, size_t count) {
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i abcd = _mm_loadu_si128((const __m128i *)(const void *)state);
    __m128i efgh = _mm_loadu_si128((const __m128i *)(const void *)(state + 4));
    __m128i badc = _mm_shuffle_epi32(abcd, 0xB1), hgfe = _mm_shuffle_epi32(efgh, 0x1B);
    __m128i abef = _mm_alignr_epi8(badc, hgfe, 8), cdgh = _mm_blend_epi16(hgfe, badc, 0xF0);
    for (; count > 0; count--, bytes += 64) {
        __m128i w[4], abef_before = abef, cdgh_before = cdgh;
        for (int i = 0; i < 16; i++) {
            __m128i *next = &w[i % 4];
            if (i < 4) {
                __m128i raw = _mm_loadu_si128((const __m128i *)(const void *)(bytes + 16 * i));
                *next = _mm_shuffle_epi8(raw, swap);
            } else {
                /* four words of the schedule out of the sixteen before them */
                __m128i last = w[(i + 3) % 4], middle = _mm_alignr_epi8(last, w[(i + 2) % 4], 4);
                __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(*next, w[(i + 1) % 4]), middle);
                *next = _mm_sha256msg2_epu32(sum, last);
            }
            __m128i k = _mm_loadu_si128((const __m128i *)(const void *)(ROUND_CONSTANTS + 4 * i));
            __m128i rounds = _mm_add_epi32(*next, k);
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, rounds);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(rounds, 0x0E));
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    __m128i feba = _mm_shuffle_epi32(abef, 0x1B), dchg = _mm_shuffle_epi32(cdgh, 0xB1);
    _mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(feba, dchg, 0xF0));
    _mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

#if defined(CPU_FEATURE_ACTIVE)
/* True when the processor has these instructions. The C library has asked it, which is slow in a virtual
** machine: longer than hashing a hundred files. */
static bool has_instructions(void) {
    return CPU_FEATURE_ACTIVE(SHA) && CPU_FEATURE_ACTIVE(SSE4_1);
}
#else
/* The same, asked once. */
static bool has_instructions(void) {
    static atomic_int known; /* 0: not asked yet, 1: no, 2: yes */
    int answer = atomic_load_explicit(&known, memory_order_relaxed);
    if (answer == 0) {
        unsigned a, b, c, d, b7 = 0;
        bool sse41 = __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_SSE4_1) != 0;
        bool sha = __get_cpuid_count(7, 0, &a, &b7, &c, &d) != 0 && (b7 & bit_SHA) != 0;
        answer = sse41 && sha ? 2 : 1;
        atomic_store_explicit(&known, answer, memory_order_relaxed);
    }
    return answer == 2;
}
#endif
#endif

static void work(uint32_t state[8], const unsigned char *bytes, size_t count) {
    if (count == 0)
        return;
#if defined(HAVE_INSTRUCTIONS)
    if (has_instructions()) {
        work_natively(state, bytes, count);
        return;
    }
#endif
    work_portably(state, bytes, count);
}

void lim_sha256_begin(lim_sha256 *h) {
    static const uint32_t INITIAL[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memset(h, 0, sizeof *h);
    memcpy(h->state, INITIAL, sizeof INITIAL);
}

void lim_sha256_add(lim_sha256 *h, const void *bytes, size_t length) {
    const unsigned char *b = bytes;
    size_t held = h->length % sizeof h->block;
    if (length == 0)
        return;
    h->length += length;
    if (held > 0) {
        size_t missing = sizeof h->block - held;
        if (length < missing) {
            memcpy(h->block + held, b, length);
            return;
        }
        memcpy(h->block + held, b, missing);
        work(h->state, h->block, 1);
        b += missing;
        length -= missing;
    }
    work(h->state, b, length / sizeof h->block);
    memcpy(h->block, b + length / sizeof h->block * sizeof h->block, length % sizeof h->block);
}

void lim_sha256_end(lim_sha256 *h, char hex[LIM_CHECKSUM_SIZE]) {
    static const char DIGITS[] = "0123456789abcdef";
    static const unsigned char PADDING[64] = {0x80};
    uint64_t bits = h->length * 8;
    unsigned char tail[8];
    for (int i = 0; i < 8; i++)
        tail[i] = (unsigned char)(bits >> (56 - 8 * i));
    size_t held = h->length % sizeof h->block;
    lim_sha256_add(h, PADDING, held < 56 ? 56 - held : 120 - held);
    lim_sha256_add(h, tail, sizeof tail);
    for (int i = 0; i < 64; i++)
        hex[i] = DIGITS[h->state[i / 8] >> (28 - 4 * (i % 8)) & 15];
    hex[64] = '\0';
}

/* What the canonical form takes of a text: the bytes from begin to end, line ends made LF, and one
** LF behind them unless there are none. */
typedef struct extent {
    size_t begin, end;
} extent;

static extent canonical_extent(const char *text, size_t length) {
    extent e = {0, length};
    /* all of them, or the canonical form would have a canonical form of its own */
    while (length - e.begin >= 3 && memcmp(text + e.begin, "\xEF\xBB\xBF", 3) == 0)
        e.begin += 3;
    /* end: back over blank lines, then to the end of the last line that says something */
    while (e.end > e.begin && memchr(" \t\r\n", text[e.end - 1], 4) != NULL)
        e.end--;
    if (e.end > e.begin) {
        while (e.end < length && (text[e.end] == ' ' || text[e.end] == '\t'))
            e.end++;
    }
    return e;
}

/* Hands out the canonical form piece by piece: the next piece of text at *at, and whether a line
** end belongs behind it. False when there is no more. */
static bool next_piece(const char *text, extent e, size_t *at, size_t *start, size_t *length) {
    if (*at >= e.end)
        return false;
    const char *cr = memchr(text + *at, '\r', e.end - *at);
    *start = *at;
    *length = (cr == NULL ? e.end : (size_t)(cr - text)) - *at;
    *at += *length;
    if (cr != NULL) {
        (*at)++;
        if (*at < e.end && text[*at] == '\n')
            (*at)++;
    }
    return true;
}

void lim_checksum(const char *text, size_t length, char hex[LIM_CHECKSUM_SIZE]) {
    lim_sha256 h;
    extent e = canonical_extent(text, length);
    size_t at = e.begin, start, size;
    lim_sha256_begin(&h);
    while (next_piece(text, e, &at, &start, &size)) {
        lim_sha256_add(&h, text + start, size);
        lim_sha256_add(&h, "\n", 1);
    }
    lim_sha256_end(&h, hex);
}

const char *lim_canonical(lim_context *cx, const char *text, size_t length, size_t *out_length) {
    extent e = canonical_extent(text, length);
    if (e.begin == e.end) {
        *out_length = 0;
        return "";
    }
    if (e.begin == 0 && e.end + 1 == length && text[e.end] == '\n' &&
        memchr(text, '\r', length) == NULL) {
        *out_length = length;
        return text;
    }
    char *copy = lim_alloc_raw(cx, e.end - e.begin + 2);
    if (copy == NULL)
        return NULL;
    size_t at = e.begin, start, size, used = 0;
    while (next_piece(text, e, &at, &start, &size)) {
        memcpy(copy + used, text + start, size);
        used += size;
        copy[used++] = '\n';
    }
    copy[used] = '\0';
    *out_length = used;
    return copy;
}
