/* The configuration that the board works under: what CONFIGURE said last, or what was kept of it. Pure. */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>

#include "generated/pinout.h"
#include "generated/protocol.h"

/*
 * Every pulse begins and ends on a tick, so that half of them is the highest rate of pulses and waves, in
 * mHz.
 */
#define MAX_RATE_MHZ (TICK_HZ * 1000UL / 2)

/*
 * All limits and safe values zero, no temperature limit: what a board that was never configured works under.
 */
void config_reset(void);

/*
 * Whether this board can work under it: ranges, and nothing that it lacks. A limit above the board's own is
 * none.
 */
bool config_is_possible(const struct msg_configure *asked);

void config_take(const struct msg_configure *asked);
const struct msg_configure *config(void);

/*
 * The highest rate of an axis, and the highest frequency of an output, in mHz: the lower of asked and
 * possible.
 */
uint32_t config_limit_mhz(uint8_t axis);
uint32_t config_frequency_limit_mhz(uint8_t output);

#endif
