/* Thermistor and transducer by circuits.py; amplifiers by their data sheets (Maxim 19-5793, 19-7534). */
#include "convert.h"

#include <stdbool.h>

#include "generated/circuits.h"
#include "generated/protocol.h"

#ifdef __AVR__
#include <avr/pgmspace.h>
#else
#define PROGMEM
#define pgm_read_word(address) (*(const uint16_t *)(address))
#endif

/* What is beyond the wire's range is held at its end, as the hotter or colder that it is. */
#define HOTTEST_CENTI_C 32767

static const int16_t table[] PROGMEM = THERMISTOR_TABLE;

/* The ADC cuts fractions off, half a code in the mean: the sum is that much too low. */
static uint16_t centred(uint16_t sum)
{
    return sum + ADC_SAMPLES / 2;
}

int16_t thermistor_centi_c(uint16_t sum)
{
    const uint16_t position = centred(sum);

    if (position < THERMISTOR_SHORT || position > THERMISTOR_OPEN)
        return TEMPERATURE_ABSENT;
    const int16_t *entry = table + position / THERMISTOR_INTERVAL;
    const int16_t here = (int16_t)pgm_read_word(entry);
    const int16_t next = (int16_t)pgm_read_word(entry + 1);
    const uint8_t past = position % THERMISTOR_INTERVAL;
    return (int16_t)(here + (int32_t)(next - here) * past / THERMISTOR_INTERVAL);
}

uint16_t pressure_deci_kpa(uint16_t sum)
{
    const uint16_t position = centred(sum);

    if (position < PRESSURE_LOWEST || position > PRESSURE_HIGHEST)
        return PRESSURE_ABSENT;
    const int32_t above_rail = (int32_t)((position * PRESSURE_SPAN + ADC_SPAN / 2) / ADC_SPAN);
    const int32_t deci_kpa = above_rail - PRESSURE_OFFSET;
    return deci_kpa < 0 ? 0 : (uint16_t)deci_kpa;
}

static int16_t held(int32_t centi_c)
{
    if (centi_c > HOTTEST_CENTI_C)
        return HOTTEST_CENTI_C;
    return centi_c < -HOTTEST_CENTI_C ? -HOTTEST_CENTI_C : (int16_t)centi_c;
}

int16_t max31855_centi_c(uint32_t frame)
{
    const uint32_t faults_and_reserved = 0x0003000FUL;

    /* No chip has its thermocouple and itself at exactly 0 degC: that is a data line held low. */
    if ((frame & faults_and_reserved) != 0 || frame == 0)
        return TEMPERATURE_ABSENT;
    const int16_t quarters = (int16_t)(frame >> 16) / 4;
    return held((int32_t)quarters * 25);
}

int16_t max31856_centi_c(uint32_t linearised, uint8_t faults)
{
    if (faults != 0)
        return TEMPERATURE_ABSENT;
    /* 19 bits of 1/128 degC, left-aligned in 24. */
    const int32_t steps = (int32_t)(linearised << 8) / 8192;
    return held(steps * 100 / 128);
}
