/*
 * Reading a MAX31855 stops its conversion, which takes up to 100 ms: hence the pause between two reads. A
 * MAX31856 that has lost its set-up, plugged in late or reset by a dip of its supply, is set up again.
 */
#include "thermocouple.h"

#include <avr/io.h>

#include "convert.h"
#include "generated/pinout.h"
#include "generated/protocol.h"
#include "spi.h"

#define FIRST_READ_MS 250 /* a MAX31855 needs 200 ms from power-up */
#define PERIOD_MS 125
#define CONVERSIONS 2 /* periods that a MAX31856 needs for its first conversion */

#define MAX31856_CR0 0x00
#define MAX31856_LTCBH 0x0C
#define MAX31856_WRITE 0x80
#define MAX31856_SETUP_CR0 0x91 /* converting by itself, open-circuit detection, 50 Hz filter */
#define MAX31856_SETUP_CR1 0x03 /* type K, no averaging */
#define MAX31856_SETUP ((uint32_t)MAX31856_SETUP_CR0 << 8 | MAX31856_SETUP_CR1)

enum amplifier { MAX31855, MAX31856 };

struct thermocouple {
    uint8_t temperature;
    enum amplifier amplifier;
};

static const struct thermocouple thermocouples[] = {
#define X(temperature, amplifier, port, bit) {temperature, amplifier},
    THERMOCOUPLES(X)
#undef X
};
#define COUNT (sizeof thermocouples / sizeof thermocouples[0])

static uint8_t converting[COUNT]; /* periods before a MAX31856 that was set up may be believed */
static uint32_t next_read_ms = FIRST_READ_MS;
static bool settled;

static void begin_transfer(uint8_t which)
{
    spi_mode(thermocouples[which].amplifier == MAX31856 ? SPI_MODE_1 : SPI_MODE_0);
#define X(index, amplifier, port, bit) \
    if (thermocouples[which].temperature == (index)) \
        PORT##port &= (uint8_t)~_BV(bit);
    THERMOCOUPLES(X)
#undef X
}

static void end_transfer(void)
{
#define X(temperature, amplifier, port, bit) PORT##port |= _BV(bit);
    THERMOCOUPLES(X)
#undef X
}

static uint32_t read_bytes(uint8_t count)
{
    uint32_t value = 0;

    while (count--)
        value = value << 8 | spi_exchange(0xFF);
    return value;
}

static int16_t read_max31855(uint8_t which)
{
    begin_transfer(which);
    const uint32_t frame = read_bytes(4);
    end_transfer();
    return max31855_centi_c(frame);
}

static void set_up_max31856(uint8_t which)
{
    begin_transfer(which);
    spi_exchange(MAX31856_WRITE | MAX31856_CR0);
    spi_exchange(MAX31856_SETUP_CR0);
    spi_exchange(MAX31856_SETUP_CR1);
    end_transfer();
    converting[which] = CONVERSIONS;
}

static uint32_t read_registers(uint8_t which, uint8_t first, uint8_t count)
{
    begin_transfer(which);
    spi_exchange(first);
    const uint32_t value = read_bytes(count);
    end_transfer();
    return value;
}

static int16_t read_max31856(uint8_t which)
{
    if (read_registers(which, MAX31856_CR0, 2) != MAX31856_SETUP) {
        set_up_max31856(which);
        return TEMPERATURE_ABSENT;
    }
    const uint32_t linearised_and_faults = read_registers(which, MAX31856_LTCBH, 4);
    if (converting[which] > 0) {
        converting[which]--;
        return TEMPERATURE_ABSENT;
    }
    return max31856_centi_c(linearised_and_faults >> 8, (uint8_t)linearised_and_faults);
}

void thermocouples_begin(void)
{
    spi_begin();
    end_transfer();
#define X(temperature, amplifier, port, bit) DDR##port |= _BV(bit);
    THERMOCOUPLES(X)
#undef X
    for (uint8_t which = 0; which < COUNT; which++) {
        if (thermocouples[which].amplifier == MAX31856) {
            set_up_max31856(which);
            converting[which] = 0; /* FIRST_READ_MS is time enough */
        }
    }
}

bool thermocouples_advance(int16_t *temperatures, uint32_t now_ms)
{
    if ((int32_t)(now_ms - next_read_ms) < 0)
        return settled;
    next_read_ms = now_ms + PERIOD_MS;
    for (uint8_t which = 0; which < COUNT; which++) {
        const struct thermocouple *read = &thermocouples[which];
        temperatures[read->temperature] =
            read->amplifier == MAX31855 ? read_max31855(which) : read_max31856(which);
    }
    settled = true;
    return true;
}
