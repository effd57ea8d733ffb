/* Sums of ADC samples, one input after the other; amplifiers by thermocouple.c. */
#include "sensors.h"

#include <avr/io.h>

#include "convert.h"
#include "generated/circuits.h"
#include "generated/pinout.h"
#include "generated/protocol.h"
#include "pins.h"
#include "thermocouple.h"

#define ADC_PATIENCE_MS 200 /* a round of all inputs takes 20 to 35 ms */
#define STOP_LOOKS 3 /* one a ms; fewer in a row are a disturbance on the wire */

struct analog_input {
    uint8_t channel;
    uint8_t index;
    bool is_pressure;
};

static const struct analog_input inputs[] = {
#define X(index, channel) {channel, index, false},
    THERMISTORS(X)
#undef X
#define X(index, channel) {channel, index, true},
    PRESSURE_SENSORS(X)
#undef X
};
#define INPUTS (sizeof inputs / sizeof inputs[0])

static struct readings readings;
static uint8_t input; /* being converted */
static uint8_t samples; /* of it, so far */
static uint16_t sum;
static bool round_done;
static uint32_t round_done_ms;
static bool analog_settled;

static void start_conversion(void)
{
    ADMUX = _BV(REFS0) | inputs[input].channel; /* referred to AVCC */
    ADCSRA = _BV(ADEN) | _BV(ADSC) | _BV(ADPS2) | _BV(ADPS1) | _BV(ADPS0); /* clock / 128: 104 us each */
}

void sensors_begin(void)
{
    for (uint8_t i = 0; i < WIRE_TEMPERATURES; i++)
        readings.temperatures[i] = TEMPERATURE_ABSENT;
    for (uint8_t i = 0; i < WIRE_PRESSURES; i++)
        readings.pressures[i] = PRESSURE_ABSENT;
    thermocouples_begin();
    start_conversion();
}

static void finish_input(void)
{
    const struct analog_input *done = &inputs[input];

    if (done->is_pressure)
        readings.pressures[done->index] = pressure_deci_kpa(sum);
    else
        readings.temperatures[done->index] = thermistor_centi_c(sum);
    sum = 0;
    samples = 0;
    input++;
    if (input == INPUTS) {
        input = 0;
        round_done = true;
        analog_settled = true;
    }
}

void sensors_poll(void)
{
    if (ADCSRA & _BV(ADSC))
        return;
    /* The first sample after a change of input still holds charge of the one before. */
    if (samples > 0)
        sum += ADC;
    if (samples++ == ADC_SAMPLES)
        finish_input();
    start_conversion();
}

static void look_at_stop(void)
{
    static uint8_t looks;

    looks = pins_stop_pressed() ? looks + (looks < STOP_LOOKS) : 0;
    readings.stop_pressed = looks == STOP_LOOKS;
}

void sensors_advance(uint32_t now_ms)
{
    if (round_done) {
        round_done = false;
        round_done_ms = now_ms;
    }
    readings.digital_bits = pins_digital_bits();
    look_at_stop();
    const bool thermocouples_settled = thermocouples_advance(readings.temperatures, now_ms);
    readings.settled = analog_settled && thermocouples_settled;
}

const struct readings *sensors_readings(void)
{
    return &readings;
}

bool sensors_are_alive(uint32_t now_ms)
{
    return now_ms - round_done_ms <= ADC_PATIENCE_MS;
}
