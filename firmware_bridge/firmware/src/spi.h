/* The chip's SPI as master, at a sixteenth of its clock. */
#ifndef SPI_H
#define SPI_H

#include <stdint.h>

enum spi_mode { SPI_MODE_0, SPI_MODE_1 };

void spi_begin(void);
void spi_mode(enum spi_mode mode);

/* Send a byte and return the one that came for it; takes 8 us. */
uint8_t spi_exchange(uint8_t byte);

#endif
