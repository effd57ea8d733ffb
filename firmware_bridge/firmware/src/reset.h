/* Why the board booted, and the watchdog that reboots it: 250 ms after it was last fed. */
#ifndef RESET_H
#define RESET_H

#include <stdint.h>

/*
 * Read and clear the cause, and stop the watchdog that a watchdog reset leaves running; once, first of all.
 */
uint8_t reset_take_cause(void);

void watchdog_begin(void);
void watchdog_feed(void);

#endif
