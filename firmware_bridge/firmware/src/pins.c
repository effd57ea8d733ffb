/*
 * No interrupt touches the bits that are written here; where a port is shared with the tick, writes are
 * atomic.
 */
#include "pins.h"

#include <avr/io.h>
#include <util/atomic.h>

#include "config.h"
#include "generated/pinout.h"
#include "phase.h"
#include "stage.h"
#include "tick.h"

static bool heaters_on[HEATERS];

#define SET(port, bit) ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { PORT##port |= _BV(bit); }
#define CLEAR(port, bit) ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { PORT##port &= (uint8_t)~_BV(bit); }

void pins_begin(void)
{
    /* The level before the direction: a driver must not be enabled for an instant. */
#define X(index, port, bit) PORT##port |= _BV(bit);
    ENABLE_PINS(X)
    DIRECTION_PINS(X)
    DIGITAL_PINS(X)
    STOP_PIN(X)
#undef X
#define X(index, port, bit) DDR##port |= _BV(bit);
    ENABLE_PINS(X)
    DIRECTION_PINS(X)
    STEP_PINS(X)
    FREQUENCY_PINS(X)
    DIMMED_PINS(X)
    HEATER_PINS(X)
#undef X
}

static void put_heaters(void)
{
#define X(index, port, bit) \
    if (heaters_on[index]) \
        SET(port, bit) \
    else \
        CLEAR(port, bit)
    HEATER_PINS(X)
#undef X
}

/* An axis that may move holds its position, tripped or not; several may share a pin. */
static void enable_drivers(void)
{
    uint8_t in_use = 0;

    for (uint8_t axis = 0; axis < AXES; axis++) {
        if (config()->limit_steps_s[axis] != 0)
            in_use |= _BV(axis);
    }
#define X(axis, port, bit) SET(port, bit)
    if (in_use == 0) {
        ENABLE_PINS(X)
    }
#undef X
#define X(axis, port, bit) \
    if (in_use & _BV(axis)) \
        CLEAR(port, bit)
    ENABLE_PINS(X)
#undef X
}

void pins_follow(void)
{
    const struct msg_outputs *goal = stage_goal();
    const uint32_t *pump_mhz = stage_pump_mhz();

    for (uint8_t axis = 0; axis < AXES; axis++)
        tick_set_step_rate(axis, pump_mhz[axis]);
    for (uint8_t output = 0; output < FREQUENCIES; output++)
        tick_set_frequency(output, goal->frequency_hz[output]);
    for (uint8_t dimmed = 0; dimmed < LAMPS + DUTIES; dimmed++)
        tick_set_duty(dimmed, dimmed < LAMPS ? goal->lamp_duty : goal->duty[dimmed - LAMPS]);
    for (uint8_t heater = 0; heater < HEATERS; heater++)
        heaters_on[heater] = heaters_on[heater] && goal->heater_duty[heater] != 0;
    put_heaters();
    enable_drivers();
}

void pins_next_heater_slot(void)
{
    static uint16_t phases[HEATERS];

    for (uint8_t heater = 0; heater < HEATERS; heater++)
        heaters_on[heater] = duty_advance(&phases[heater], stage_goal()->heater_duty[heater]);
    put_heaters();
}

uint8_t pins_digital_bits(void)
{
    uint8_t bits = 0;

#define X(index, port, bit) \
    if (!(PIN##port & _BV(bit))) \
        bits |= _BV(index);
    DIGITAL_PINS(X)
#undef X
    return bits;
}

bool pins_stop_pressed(void)
{
    bool pressed = false;

#define X(index, port, bit) pressed = (PIN##port & _BV(bit)) != 0;
    STOP_PIN(X)
#undef X
    return pressed;
}
