/* Every pulse by one interrupt: exact for all outputs at once, and none waits for another. See phase.h. */
#include "tick.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <util/atomic.h>

#include "generated/pinout.h"
#include "phase.h"

#define TICKS_PER_MS (TICK_HZ / 1000)
#define STEP_MODULUS (TICK_HZ * 1000UL)
#define HALF_WAVE_MODULUS (STEP_MODULUS / 2)

_Static_assert(F_CPU % TICK_HZ == 0 && F_CPU / TICK_HZ <= 0x10000, "the tick divides the clock");
_Static_assert(TICK_HZ % 1000 == 0, "the tick divides the millisecond");

/* What shall be, set by the main loop with interrupts off, and where each output is in its period. */
static volatile phase_t step_rates[AXES];
static volatile phase_t frequencies[FREQUENCIES];
static volatile uint16_t duties[LAMPS + DUTIES];
static phase_t step_phases[AXES];
static phase_t wave_phases[FREQUENCIES];
static uint16_t dim_phases[LAMPS + DUTIES];
static uint8_t waves_high; /* bit n: frequency output n is in the high half of its wave */
static volatile uint32_t milliseconds;

void tick_start(void)
{
    OCR1A = F_CPU / TICK_HZ - 1;
    TCCR1A = 0;
    TCCR1B = _BV(WGM12) | _BV(CS10); /* from 0 to OCR1A, at the clock's own rate */
    TIMSK1 = _BV(OCIE1A);
}

uint32_t tick_now_ms(void)
{
    uint32_t now_ms;

    ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { now_ms = milliseconds; }
    return now_ms;
}

void tick_set_step_rate(uint8_t axis, uint32_t mhz)
{
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { step_rates[axis] = (phase_t)mhz; }
}

void tick_set_frequency(uint8_t output, uint32_t mhz)
{
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        frequencies[output] = (phase_t)mhz;
        if (mhz == 0) {
            waves_high &= (uint8_t)~_BV(output);
            wave_phases[output] = 0; /* so that the next wave begins, high, with the next tick */
        }
    }
}

void tick_set_duty(uint8_t dimmed, uint16_t duty)
{
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { duties[dimmed] = duty; }
}

/* The three below run inside one function, so that the levels stay in registers: levels_A and so on. */
#define STEP(axis, port, bit) \
    if (phase_advance(&step_phases[axis], step_rates[axis], STEP_MODULUS)) \
        levels_##port |= _BV(bit);

#define WAVE(output, port, bit) \
    if (phase_advance(&wave_phases[output], frequencies[output], HALF_WAVE_MODULUS)) \
        waves_high ^= _BV(output); \
    if (waves_high & _BV(output)) \
        levels_##port |= _BV(bit);

#define DIM(dimmed, port, bit) \
    if (duty_advance(&dim_phases[dimmed], duties[dimmed])) \
        levels_##port |= _BV(bit);

#define PUT_OUT(port, mask) PORT##port = (uint8_t)((PORT##port & (uint8_t) ~(mask)) | decided_##port);
#define NO_LEVELS(port, mask) uint8_t levels_##port = 0;
#define DECIDE(port, mask) decided_##port = levels_##port;

#define DECIDED(port, mask) static uint8_t decided_##port;
TICKED_PORTS(DECIDED)

ISR(TIMER1_COMPA_vect)
{
    static uint8_t ticks;

    /* What the last tick decided goes out first, so that pulses keep their distance whatever follows. */
    TICKED_PORTS(PUT_OUT)
    TICKED_PORTS(NO_LEVELS)
    STEP_PINS(STEP)
    FREQUENCY_PINS(WAVE)
    DIMMED_PINS(DIM)
    TICKED_PORTS(DECIDE)
    if (++ticks == TICKS_PER_MS) {
        ticks = 0;
        ++milliseconds;
    }
}
