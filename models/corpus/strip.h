/*
 * strip.h: marked-up files to plain UTF-8, one unit of text a line.
 *
 * A unit is a paragraph, a heading, a line of preformatted text or a fortune: what is dropped as a
 * whole when it is a duplicate or a licence.
 */
#ifndef CORPUS_STRIP_H
#define CORPUS_STRIP_H

#include <stddef.h>

enum strip_format { STRIP_PLAIN, STRIP_HTML, STRIP_POD, STRIP_FORTUNES };

/* ret_text has room for size_bytes + 1 bytes: no format grows.  Returns the bytes written; each
 * line ends with '\n'. */
size_t strip_markup(enum strip_format format, const char *markup, size_t size_bytes,
                    char *ret_text);

#endif
