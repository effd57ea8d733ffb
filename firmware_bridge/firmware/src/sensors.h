/* Everything the board senses, read in turn without ever waiting long. */
#ifndef SENSORS_H
#define SENSORS_H

#include <stdbool.h>
#include <stdint.h>

#include "safety.h"

void sensors_begin(void);

/* Take an ADC sample if one is ready; call it as often as possible. */
void sensors_poll(void);

/*
 * Look at the digital inputs and the stop input, and at the thermocouples when they are due; call it every
 * ms.
 */
void sensors_advance(uint32_t now_ms);

/* The newest of everything. */
const struct readings *sensors_readings(void);

/* Whether the ADC goes on: every analog input was read in the last ADC_PATIENCE_MS. */
bool sensors_are_alive(uint32_t now_ms);

#endif
