/*
 * router_list.h: the routers, for models/registry.
 */
#ifndef ROUTER_ROUTER_LIST_H
#define ROUTER_ROUTER_LIST_H

#include "agent/router.h"

/* (router_list_count) in the order in which they are shown; the first is the default. */
extern const struct router_ops *const router_list[];
extern const size_t router_list_count;

#endif
