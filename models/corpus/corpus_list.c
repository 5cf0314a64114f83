#include "corpus/corpus_list.h"

#include "corpus/synthetic.h"
#include "corpus/text.h"

const struct corpus_ops *const corpus_list[] = {&corpus_text, &corpus_synthetic};
const size_t corpus_list_count = sizeof(corpus_list) / sizeof(corpus_list[0]);
