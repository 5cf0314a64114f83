/*
 * reader_attr.h: reads attributes, labels and texts of a file into a struct meta.
 *
 * Whatever has not the form that we write (scalar numbers and texts) is passed over: other
 * programs may add attributes of their own.
 */
#ifndef RECORD_READER_ATTR_H
#define RECORD_READER_ATTR_H

#include <hdf5.h>
#include <stdbool.h>

#include "record/meta.h"

/* The root's and /provenance's attributes and /scenario.  Numbers are also printed to text. */
bool reader_attr_all(hid_t file, struct meta *meta);
/* flag_meanings of a dataset; no labels when it has none. */
void reader_attr_labels(hid_t file, const char *path, struct labels *labels);
/* A column of variable-length texts: `rows` copies that the caller owns; false = unreadable. */
bool reader_attr_texts(hid_t file, const char *path, uint64_t rows, char **ret_texts);

#endif
