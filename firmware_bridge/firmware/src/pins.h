/* The pins: set up at boot, then made to follow the output stage. */
#ifndef PINS_H
#define PINS_H

#include <stdbool.h>
#include <stdint.h>

/* All outputs off, drivers disabled, inputs with their pull-ups. */
void pins_begin(void);

/* Hand the output stage's state to the tick; heaters that shall be off go off now. */
void pins_follow(void);

/* Decide on the heaters for the next slot; to be called every HEATER_SLOT_MS. */
void pins_next_heater_slot(void);

/* Digital input n in bit n, 1 when it is active. */
uint8_t pins_digital_bits(void);

/* The stop input at this moment. */
bool pins_stop_pressed(void);

#endif
