/*
 * The tick: timer 1 interrupts TICK_HZ times a second. Its interrupt makes step pulses, frequencies and
 * dimmed outputs, and counts the milliseconds.
 */
#ifndef TICK_H
#define TICK_H

#include <stdint.h>

void tick_start(void);

/* Milliseconds since boot. */
uint32_t tick_now_ms(void);

/* At most MAX_RATE_MHZ. A pulse that has begun is always finished. */
void tick_set_step_rate(uint8_t axis, uint32_t mhz);

/* At most MAX_RATE_MHZ. A new frequency goes on from where the wave is; 0 is low at once. */
void tick_set_frequency(uint8_t output, uint32_t mhz);

/* Lamps, then duty outputs; 65535 is always on. */
void tick_set_duty(uint8_t dimmed, uint16_t duty);

#endif
