/*
 * alphabet.h: UTF-8 text to tokens.
 *
 * latin64: 64 symbols, for text in Latin script (docs/CORPUS.md has the table).  Letters are
 * lower-cased, rare accents and typographic signs are folded to a plain symbol, what is left
 * becomes one symbol "other".
 * bytes: 256 symbols, the bytes of the UTF-8 text as they are.
 *
 * In both, a run of blanks is one space, and a line neither begins nor ends with one.
 */
#ifndef CORPUS_ALPHABET_H
#define CORPUS_ALPHABET_H

#include <stddef.h>
#include <stdint.h>

enum alphabet_kind { ALPHABET_LATIN64, ALPHABET_BYTES };

enum { ALPHABET_LATIN64_SYMBOLS = 64, ALPHABET_LATIN64_OTHER = 63 };

uint32_t alphabet_symbol_count(enum alphabet_kind kind);

/* (symbol_count) UTF-8 texts, static. */
const char *const *alphabet_symbol_texts(enum alphabet_kind kind);

/* The token that ends a line. */
uint8_t alphabet_newline(enum alphabet_kind kind);

/* Tokens of one line (no newline in it) into ret_tokens, which has room for 2 x size_bytes.
 * Returns their number.  A byte that is not UTF-8 becomes "other" (latin64) or stays (bytes). */
size_t alphabet_encode(enum alphabet_kind kind, const char *line, size_t size_bytes,
                       uint8_t *ret_tokens);

/* The same of a text of several lines, whose last one may go on: a blank at its end stays. */
size_t alphabet_encode_text(enum alphabet_kind kind, const char *text, size_t size_bytes,
                            uint8_t *ret_tokens);

/* Offset of the first byte that is not part of valid UTF-8, or size_bytes when all is. */
size_t alphabet_utf8_check(const char *text, size_t size_bytes);

#endif
