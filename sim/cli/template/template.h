/* template.h: the texts that `taosim new` writes, put into the program by embed.py. */
#ifndef CLI_TEMPLATE_H
#define CLI_TEMPLATE_H

extern const char template_mechanism_c[];
extern const char template_mechanism_meson[];
extern const char template_mechanism_test[];
extern const char template_mechanism_state[];

#endif
