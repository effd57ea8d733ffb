/* The stack's unused part is painted, so that its deepest use can be read out, and its end is watched. */
#ifndef STACK_H
#define STACK_H

#include <stdbool.h>

#define STACK_PAINT 0xC5

/* Paint from the end of the variables to the stack as it is now. */
void stack_paint(void);

/* Whether the paint next to the variables still stands. */
bool stack_is_intact(void);

#endif
