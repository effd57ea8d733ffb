/*
 * The output stage: what is asked of the outputs, and what limits and ramps have let through so far. Pure:
 * the pins follow it in pins.c. In the numbers of the wire.
 */
#ifndef STAGE_H
#define STAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "generated/protocol.h"

/* All outputs off, all pumps at rest. */
void stage_reset(void);

/* Take a new goal; whether a part of it was beyond a limit and was held there. */
bool stage_command(const struct msg_outputs *asked);

/* Fall to the safe values at once; a pump that must rise to its own does so at its ramp. */
void stage_make_safe(void);

/* Let pumps follow their goals for so long. At most 250 ms: the watchdog bites before. */
void stage_advance(uint8_t elapsed_ms);

/* What the outputs are steered to now. */
const struct msg_outputs *stage_goal(void);

/* Where the pumps are on their ramps, in mHz, one for each axis of the wire. */
const uint32_t *stage_pump_mhz(void);

#endif
