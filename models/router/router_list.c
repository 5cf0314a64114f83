#include "router/router_list.h"

#include "router/gate.h"
#include "router/grid.h"
#include "router/permutation.h"

const struct router_ops *const router_list[] = {&router_permutation, &router_random, &router_gate,
                                                &router_grid};
const size_t router_list_count = sizeof(router_list) / sizeof(router_list[0]);
