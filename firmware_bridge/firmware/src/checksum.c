/* Both CRCs bit-parallel or bit by bit, without tables: RAM is what these chips lack. */
#include "checksum.h"

#define CRC16_START 0xFFFF
#define CRC32_POLYNOMIAL 0xEDB88320UL /* 0x04C11DB7, reflected */

uint16_t crc16(const uint8_t *data, uint8_t length)
{
    uint16_t crc = CRC16_START;

    while (length--) {
        /* The polynomial 0x1021 has so few terms that eight of its steps are a handful of shifts. */
        uint8_t high = (uint8_t)(crc >> 8) ^ *data++;
        high ^= high >> 4;
        crc = (uint16_t)((crc << 8) ^ ((uint16_t)high << 12) ^ ((uint16_t)high << 5) ^ high);
    }
    return crc;
}

uint32_t crc32(const uint8_t *data, uint8_t length)
{
    uint32_t crc = 0xFFFFFFFFUL;

    while (length--) {
        crc ^= *data++;
        for (uint8_t bit = 0; bit < 8; bit++)
            crc = (crc & 1) ? (crc >> 1) ^ CRC32_POLYNOMIAL : crc >> 1;
    }
    return ~crc;
}
