/*
 * corpus_list.h: the kinds of corpus, for models/registry.
 */
#ifndef CORPUS_CORPUS_LIST_H
#define CORPUS_CORPUS_LIST_H

#include "agent/corpus.h"

/* (corpus_list_count) in the order in which they are shown; the first is the default. */
extern const struct corpus_ops *const corpus_list[];
extern const size_t corpus_list_count;

#endif
