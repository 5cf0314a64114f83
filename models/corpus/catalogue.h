/*
 * catalogue.h: the domains of real text that come from Debian packages.
 *
 * The one place that knows where a package keeps its text; packages.txt beside it lists the same
 * packages for the set-up, and a test holds the two together.
 */
#ifndef CORPUS_CATALOGUE_H
#define CORPUS_CATALOGUE_H

#include "corpus/strip.h"

#include <stddef.h>

struct catalogue_entry {
    const char *name;          /* of the domain, as in a scenario */
    const char *package;       /* Debian package that must be installed */
    const char *licence;       /* as /usr/share/doc/PACKAGE/copyright states it */
    const char *pattern;       /* glob(3) of its files below the root directory */
    const char *const *unread; /* file names (glob) left out, NULL-terminated, or NULL */
    const char *original; /* pattern of the text it is translated from: lines that are identical
                             there were never translated and are dropped; or NULL */
    enum strip_format format;
};

extern const struct catalogue_entry catalogue_entries[];
extern const size_t catalogue_count;

/* The entry of that name, or NULL. */
const struct catalogue_entry *catalogue_find(const char *name);

/* Names of the domains that a scenario gets when it names none; NULL-terminated. */
extern const char *const catalogue_default[];

#endif
