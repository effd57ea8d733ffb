/* Thermocouples behind MAX31855 and MAX31856 amplifiers, on the chip's own SPI. */
#ifndef THERMOCOUPLE_H
#define THERMOCOUPLE_H

#include <stdbool.h>
#include <stdint.h>

void thermocouples_begin(void);

/*
 * Read all amplifiers when they are due, into the temperatures that they are. Returns whether each was read
 * at least once. Takes 0.2 ms when they are due.
 */
bool thermocouples_advance(int16_t *temperatures, uint32_t now_ms);

#endif
