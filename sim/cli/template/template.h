/* template.h: the texts that `taosim new` writes, put into the program by embed.py. */
#ifndef CLI_TEMPLATE_H
#define CLI_TEMPLATE_H

extern const char template_mechanism_c[], template_mechanism_test[], template_mechanism_state[];
extern const char template_model_c[], template_model_test[];
extern const char template_router_c[], template_router_test[];
extern const char template_scorer_c[], template_scorer_test[];
extern const char template_strategy_c[], template_strategy_test[];
extern const char template_part_meson[]; /* of every kind */
extern const char template_market[];     /* and of all but mechanisms */
extern const char template_market_scenario[];

#endif
