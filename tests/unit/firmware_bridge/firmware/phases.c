/* Lets Python run the inline arithmetic of phase.h for many ticks. */
#include "phase.h"

uint32_t count_pulses(uint32_t *phase, uint32_t rate, uint32_t modulus, uint32_t ticks)
{
    uint32_t pulses = 0;

    while (ticks--)
        pulses += phase_advance(phase, rate, modulus);
    return pulses;
}

uint32_t count_on(uint16_t *phase, uint16_t duty, uint32_t slots)
{
    uint32_t on = 0;

    while (slots--)
        on += duty_advance(phase, duty);
    return on;
}
