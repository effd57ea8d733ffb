/* Limits, ramps and safe values, as simulator/output_stage.py has them. */
#include "stage.h"

#include <string.h>

#include "config.h"

static struct msg_outputs goal;
static uint32_t pump_mhz[WIRE_PUMP_AXES];

void stage_reset(void)
{
    memset(&goal, 0, sizeof goal);
    memset(pump_mhz, 0, sizeof pump_mhz);
}

const struct msg_outputs *stage_goal(void)
{
    return &goal;
}

const uint32_t *stage_pump_mhz(void)
{
    return pump_mhz;
}

static uint32_t lower(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static void hold_duties(wire_u16 *duties, uint8_t present, uint8_t all)
{
    for (uint8_t i = present; i < all; i++)
        duties[i] = 0;
}

bool stage_command(const struct msg_outputs *asked)
{
    goal = *asked;
    for (uint8_t i = 0; i < WIRE_PUMP_AXES; i++)
        goal.pump_steps_s[i] = lower(asked->pump_steps_s[i], config_limit_mhz(i));
    for (uint8_t i = 0; i < WIRE_FREQUENCIES; i++)
        goal.frequency_hz[i] = lower(asked->frequency_hz[i], config_frequency_limit_mhz(i));
    hold_duties(goal.heater_duty, HEATERS, WIRE_HEATERS);
    hold_duties(&goal.lamp_duty, LAMPS, WIRE_LAMPS);
    hold_duties(goal.duty, DUTIES, WIRE_DUTIES);
    return memcmp(&goal, asked, sizeof goal) != 0;
}

void stage_make_safe(void)
{
    const struct msg_configure *safe = config();

    memcpy(goal.pump_steps_s, safe->safe_pump_steps_s, sizeof goal.pump_steps_s);
    memcpy(goal.heater_duty, safe->safe_heater_duty, sizeof goal.heater_duty);
    goal.lamp_duty = safe->safe_lamp_duty;
    memcpy(goal.frequency_hz, safe->safe_frequency_hz, sizeof goal.frequency_hz);
    memcpy(goal.duty, safe->safe_duty, sizeof goal.duty);
    for (uint8_t i = 0; i < WIRE_PUMP_AXES; i++)
        pump_mhz[i] = lower(pump_mhz[i], goal.pump_steps_s[i]);
}

void stage_advance(uint8_t elapsed_ms)
{
    for (uint8_t i = 0; i < WIRE_PUMP_AXES; i++) {
        const uint32_t target = goal.pump_steps_s[i];
        const uint32_t rate = pump_mhz[i];
        if (rate == target)
            continue;
        /*
         * A slope of 1 step/s2 is 1 mHz per ms; one above the highest rate is a jump, and fits the product.
         */
        const uint32_t step = lower(config()->limit_steps_s2[i], MAX_RATE_MHZ) * elapsed_ms;
        if (rate < target)
            pump_mhz[i] = target - rate > step ? rate + step : target;
        else
            pump_mhz[i] = rate - target > step ? rate - step : target;
    }
}
