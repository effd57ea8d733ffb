/* CRC-16/IBM-3740 of the frames and CRC-32 (that of Ethernet and zlib) of a configuration. Pure. */
#ifndef CHECKSUM_H
#define CHECKSUM_H

#include <stdint.h>

uint16_t crc16(const uint8_t *data, uint8_t length);
uint32_t crc32(const uint8_t *data, uint8_t length);

#endif
