/*
 * text.h: the corpus "text": domains of real text.
 *
 * Domains are those of catalogue.h (Debian packages) and the user's own UTF-8 files.
 */
#ifndef CORPUS_TEXT_H
#define CORPUS_TEXT_H

#include "agent/corpus.h"

enum text_else { TEXT_ELSE_NONE, TEXT_ELSE_SYNTHETIC };

struct text_params {
    struct param_strings text;     /* names of built-in domains; both lists empty: the default */
    struct param_strings files;    /* "name=path"; several of one name are one domain */
    struct param_strings licences; /* "name=licence", of one's own files' domains */
    struct param_strings sha256;   /* "path=hex", what a file of one's own must be */
    struct param_strings private_; /* names of domains above that are private */
    int alphabet;                  /* enum alphabet_kind */
    uint64_t tokens_max;           /* of one domain */
    int otherwise;                 /* enum text_else: what replaces text that is not installed */
    const char *root;              /* where usr/share/... is looked for */
    int64_t drift_ns;              /* 0 = none */
};

extern const struct corpus_ops corpus_text;

#endif
