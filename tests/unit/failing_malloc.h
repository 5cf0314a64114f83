/*
 * failing_malloc.h: malloc and its kin for one test program, the libraries included: each
 * allocation can be made to fail once.  Include it in one source.  Under the sanitizers there is
 * none, under valgrind is_replaced() says so: both have their own.
 */
#ifndef TESTS_UNIT_FAILING_MALLOC_H
#define TESTS_UNIT_FAILING_MALLOC_H

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#if !defined(__SANITIZE_ADDRESS__) && defined(__GLIBC__)
#define FAILING_MALLOC

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void __libc_free(void *block);

/* Allocations until one fails; negative: none does. */
static long countdown = -1;
static long live;

static bool fails(void)
{
    if (countdown < 0)
        return false;
    if (countdown-- > 0)
        return false;
    errno = ENOMEM;
    return true;
}

static void *counted(void *block)
{
    live += block != NULL;
    return block;
}

void *malloc(size_t bytes)
{
    return fails() ? NULL : counted(__libc_malloc(bytes));
}

void *calloc(size_t count, size_t bytes)
{
    return fails() ? NULL : counted(__libc_calloc(count, bytes));
}

void *realloc(void *block, size_t bytes)
{
    if (fails())
        return NULL;
    void *moved = __libc_realloc(block, bytes);
    live += block == NULL && moved != NULL;
    return moved;
}

void free(void *block)
{
    live -= block != NULL;
    __libc_free(block);
}

/* Valgrind puts its own functions in the place of ours.  (Called through a pointer, or the compiler
 * takes for granted that malloc reads no countdown.) */
static bool is_replaced(void)
{
    void *(*volatile allocate)(size_t) = malloc;
    countdown = 0;
    void *block = allocate(1);
    countdown = -1;
    free(block);
    return block != NULL;
}

#endif
#endif
