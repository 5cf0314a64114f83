#include "router/router_list.h"

#include "router/permutation.h"

const struct router_ops *const router_list[] = {&router_permutation, &router_random};
const size_t router_list_count = sizeof(router_list) / sizeof(router_list[0]);
