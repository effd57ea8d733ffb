/* The data input has its pull-up: where no chip answers, ones are read, and no amplifier means all ones. */
#include "spi.h"

#include <avr/io.h>

#include "generated/pinout.h"

#define MASTER (_BV(SPE) | _BV(MSTR) | _BV(SPR0))

void spi_begin(void)
{
#define X(index, port, bit) DDR##port |= _BV(bit);
    SPI_OUTPUTS(X)
#undef X
#define X(index, port, bit) PORT##port |= _BV(bit);
    SPI_INPUT(X)
#undef X
    SPCR = MASTER;
}

void spi_mode(enum spi_mode mode)
{
    SPCR = mode == SPI_MODE_1 ? MASTER | _BV(CPHA) : MASTER;
}

uint8_t spi_exchange(uint8_t byte)
{
    SPDR = byte;
    while (!(SPSR & _BV(SPIF)))
        ;
    return SPDR;
}
