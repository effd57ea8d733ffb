/* Judges a configuration in the numbers of the wire, as simulator/output_stage.py does in physical units. */
#include "config.h"

#include <string.h>

static struct msg_configure configuration;

void config_reset(void)
{
    memset(&configuration, 0, sizeof configuration);
    for (uint8_t i = 0; i < WIRE_TEMPERATURES; i++)
        configuration.limit_c[i] = TEMPERATURE_ABSENT;
}

void config_take(const struct msg_configure *asked)
{
    configuration = *asked;
}

const struct msg_configure *config(void)
{
    return &configuration;
}

static uint32_t possible_mhz(uint32_t limit)
{
    return limit < MAX_RATE_MHZ ? limit : MAX_RATE_MHZ;
}

uint32_t config_limit_mhz(uint8_t axis)
{
    return possible_mhz(configuration.limit_steps_s[axis]);
}

uint32_t config_frequency_limit_mhz(uint8_t output)
{
    return possible_mhz(configuration.limit_hz[output]);
}

/* Whether safe rates can be had within their limits, and what lies beyond `present` is left unused. */
static bool rates_are_possible(const wire_u32 *safe, const wire_u32 *limit, uint8_t present, uint8_t all)
{
    for (uint8_t i = 0; i < all; i++) {
        if (safe[i] > possible_mhz(limit[i]) || (i >= present && limit[i] != 0))
            return false;
    }
    return true;
}

static bool duties_are_possible(const wire_u16 *safe, uint8_t present, uint8_t all)
{
    for (uint8_t i = present; i < all; i++) {
        if (safe[i] != 0)
            return false;
    }
    return true;
}

static bool ramps_are_possible(const struct msg_configure *asked)
{
    for (uint8_t i = 0; i < WIRE_PUMP_AXES; i++) {
        if (asked->limit_steps_s2[i] == 0 && asked->limit_steps_s[i] != 0)
            return false;
    }
    return true;
}

static bool temperatures_are_possible(const wire_i16 *limit, uint8_t present, uint8_t all)
{
    for (uint8_t i = present; i < all; i++) {
        if (limit[i] != TEMPERATURE_ABSENT)
            return false;
    }
    return true;
}

bool config_is_possible(const struct msg_configure *asked)
{
    return asked->deadman_ms >= DEADMAN_MS_MIN && asked->deadman_ms <= DEADMAN_MS_MAX
        && ramps_are_possible(asked)
        && rates_are_possible(asked->safe_pump_steps_s, asked->limit_steps_s, AXES, WIRE_PUMP_AXES)
        && rates_are_possible(asked->safe_frequency_hz, asked->limit_hz, FREQUENCIES, WIRE_FREQUENCIES)
        && duties_are_possible(asked->safe_heater_duty, HEATERS, WIRE_HEATERS)
        && duties_are_possible(&asked->safe_lamp_duty, LAMPS, WIRE_LAMPS)
        && duties_are_possible(asked->safe_duty, DUTIES, WIRE_DUTIES)
        && temperatures_are_possible(asked->limit_c, TEMPERATURES, WIRE_TEMPERATURES);
}
