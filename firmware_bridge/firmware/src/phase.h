/*
 * Fractional rates without rounding: each tick takes the rate from a phase, and where it would fall below
 * zero something is due and the modulus is put back.
 *
 * A rate of r mHz on ticks of TICK_HZ is due every TICK_HZ * 1000 / r ticks. With r in the wire's own mHz
 * and a modulus of TICK_HZ * 1000 nothing is ever rounded: after n ticks the count is n * r / modulus to
 * within one, for ever. The modulus of 16 000 000 fits 24 bits, which saves a quarter of the work in the
 * interrupt.
 */
#ifndef PHASE_H
#define PHASE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __AVR__
typedef __uint24 phase_t;
#else
typedef uint32_t phase_t;
#endif

/* Whether a pulse is due on this tick. `rate` is at most `modulus`, and `*phase` stays below it. */
static inline bool phase_advance(phase_t *phase, phase_t rate, phase_t modulus)
{
    const bool due = *phase < rate;
    *phase -= rate;
    if (due)
        *phase += modulus;
    return due;
}

/*
 * Whether an output of this duty (65535: always) is on during this slot. After n slots it was on for
 * n * duty / 65535 of them to within one. The modulus of 65535 is the 16 bits' own, less the borrow.
 */
static inline bool duty_advance(uint16_t *phase, uint16_t duty)
{
    const bool on = *phase < duty;
    *phase = (uint16_t)(*phase - duty - on);
    return on;
}

#endif
