/* Trips, as simulator/board.py has them. */
#include "safety.h"

#include <string.h>

#include "config.h"
#include "stage.h"

static struct {
    bool configured;
    bool limited;
    bool commanded; /* the dead-man's switch counts only from a command on */
    uint32_t commanded_ms;
    uint16_t trips;
    uint32_t deadman_trips;
    uint8_t last_trip;
    uint32_t last_trip_ms;
} state;

void safety_reset(void)
{
    memset(&state, 0, sizeof state);
}

static void trip(uint16_t bit, uint8_t cause, uint32_t now_ms)
{
    if (state.trips & bit)
        return;
    state.trips |= bit;
    state.limited = false;
    state.last_trip = cause;
    state.last_trip_ms = now_ms;
    stage_make_safe();
}

void safety_configured(void)
{
    if (!state.configured)
        state.trips &= (uint16_t) ~(STATUS_OVER_TEMPERATURE | STATUS_SENSOR_FAULT);
    state.configured = true;
    state.commanded = false;
    state.limited = false;
    stage_make_safe();
}

bool safety_admits(uint32_t now_ms)
{
    if (!state.configured)
        return false;
    state.commanded = true;
    state.commanded_ms = now_ms;
    return state.trips == 0;
}

void safety_note_limited(bool limited)
{
    state.limited = limited;
}

void safety_stop(uint32_t now_ms)
{
    trip(STATUS_ESTOPPED, TRIP_CAUSE_HOST_STOP, now_ms);
}

/* What stands against a temperature: the bit of the trip that it is, or 0. */
static uint16_t thermal_fault(const struct readings *readings, uint8_t index)
{
    const int16_t limit = config()->limit_c[index];
    const int16_t temperature = readings->temperatures[index];

    if (limit == TEMPERATURE_ABSENT)
        return 0;
    if (temperature == TEMPERATURE_ABSENT)
        return STATUS_SENSOR_FAULT;
    return temperature > limit ? STATUS_OVER_TEMPERATURE : 0;
}

bool safety_clear(const struct readings *readings)
{
    if (readings->stop_pressed)
        return false;
    for (uint8_t i = 0; i < WIRE_TEMPERATURES; i++) {
        if (thermal_fault(readings, i) != 0)
            return false;
    }
    state.trips = 0;
    /* Silence from now on does not count before the next OUTPUTS: there is nothing to take back. */
    state.commanded = false;
    return true;
}

static void check_deadman(uint32_t now_ms)
{
    if (!state.commanded || now_ms - state.commanded_ms <= config()->deadman_ms)
        return;
    state.commanded = false;
    state.deadman_trips++;
    trip(STATUS_DEADMAN, TRIP_CAUSE_DEADMAN, now_ms);
}

static void check_temperatures(const struct readings *readings, uint32_t now_ms)
{
    for (uint8_t i = 0; i < WIRE_TEMPERATURES; i++) {
        const uint16_t fault = thermal_fault(readings, i);
        if (fault == STATUS_OVER_TEMPERATURE)
            trip(fault, TRIP_CAUSE_OVER_TEMPERATURE, now_ms);
        else if (fault == STATUS_SENSOR_FAULT)
            trip(fault, TRIP_CAUSE_SENSOR_FAULT, now_ms);
    }
}

void safety_check(const struct readings *readings, uint32_t now_ms)
{
    check_deadman(now_ms);
    if (readings->stop_pressed)
        trip(STATUS_ESTOPPED, TRIP_CAUSE_STOP_INPUT, now_ms);
    if (readings->settled)
        check_temperatures(readings, now_ms);
}

uint16_t safety_status(const struct readings *readings)
{
    uint16_t status = state.trips;

    if (state.configured)
        status |= STATUS_CONFIGURED;
    if (readings->stop_pressed)
        status |= STATUS_STOP_PRESSED;
    if (state.limited)
        status |= STATUS_LIMITED;
    return status;
}

void safety_report(struct msg_faults_reply *reply)
{
    reply->deadman_trips = state.deadman_trips;
    reply->last_trip = state.last_trip;
    reply->last_trip_ms = state.last_trip_ms;
}
