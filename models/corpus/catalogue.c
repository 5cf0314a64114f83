#include "corpus/catalogue.h"

#include <string.h>

/* Each translation repeats the whole; the index is a table of contents. */
static const char *const reference_unread[] = {"index.*", NULL};

/* Tables of contents, change logs (each repeats the others), licences, lists of names, and texts
 * in other languages. perldiag.pod belongs to another package. */
static const char *const perl_unread[] = {"perl*delta.pod", "perlartistic.pod", "perlgpl.pod",
                                          "perltoc.pod",    "perlcn.pod",       "perljp.pod",
                                          "perlko.pod",     "perltw.pod",       "perldiag.pod",
                                          "perlhist.pod",   "perluniprops.pod", NULL};

/* Indexes for fortune(6), and pictures made of letters. */
static const char *const fortune_unread[] = {"*.dat", "*.u8", "ascii-art", NULL};

/* Appendices e and f hold legal matter and the GPL. */
static const char *const guide_unread[] = {"index.html", "ape*.html", "apf*.html", NULL};

#define REFERENCE(language)                                                                        \
    {                                                                                              \
        "reference-" language, "debian-reference-" language, "GPL-2+",                             \
            "usr/share/debian-reference/*." language ".html", reference_unread, NULL, STRIP_HTML   \
    }
#define GUIDE_ENGLISH "usr/share/doc/installation-guide-amd64/en/*.html"
#define GUIDE(language)                                                                            \
    {                                                                                              \
        "guide-" language, "installation-guide-amd64", "GPL-2",                                    \
            "usr/share/doc/installation-guide-amd64/" language "/*.html", guide_unread,            \
            GUIDE_ENGLISH, STRIP_HTML                                                              \
    }

/* In this order files are read and duplicates dropped: originals before translations. */
const struct catalogue_entry catalogue_entries[] = {
    REFERENCE("en"),
    REFERENCE("de"),
    REFERENCE("fr"),
    REFERENCE("es"),
    REFERENCE("it"),
    REFERENCE("pt"),
    {"perl", "perl-doc", "GPL-1+ or Artistic", "usr/share/perl/5.*.*/pod/perl*.pod", perl_unread,
     NULL, STRIP_POD},
    {"fortunes", "fortunes", "BSD-3-clause (collection)", "usr/share/games/fortunes/*",
     fortune_unread, NULL, STRIP_FORTUNES},
    {"guide-en", "installation-guide-amd64", "GPL-2", GUIDE_ENGLISH, guide_unread, NULL,
     STRIP_HTML},
    GUIDE("de"),
    GUIDE("fr"),
    GUIDE("es"),
    GUIDE("it"),
    GUIDE("pt"),
    GUIDE("nl"),
    GUIDE("sv"),
    GUIDE("da"),
    GUIDE("cs"),
    GUIDE("ca"),
    GUIDE("ro"),
    GUIDE("id"),
    GUIDE("vi"),
};
const size_t catalogue_count = sizeof(catalogue_entries) / sizeof(catalogue_entries[0]);

const char *const catalogue_default[] = {
    "reference-en", "reference-de", "reference-fr", "reference-es", "perl", "fortunes", NULL};

const struct catalogue_entry *catalogue_find(const char *name)
{
    for (size_t i = 0; i < catalogue_count; i++)
        if (strcmp(catalogue_entries[i].name, name) == 0)
            return &catalogue_entries[i];
    return NULL;
}
