/*
 * Boots are counted in slots in turn, so that each cell bears an eighth of its 100 000 writes a boot; a
 * configuration costs a write only where it differs from the one kept.
 */
#include "store.h"

#include <avr/eeprom.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "checksum.h"

#define SERIAL_NUMBER_AT 0
#define BOOTS_AT 32
#define BOOT_SLOTS 8
#define CONFIGURATION_AT 96

struct serial_record {
    char text[WIRE_TEXT];
    wire_u16 crc;
};

struct boot_record {
    wire_u32 count;
    wire_u16 crc;
};

struct configuration_record {
    uint8_t protocol;
    struct msg_configure configuration;
    wire_u16 crc;
};

_Static_assert(sizeof(struct serial_record) <= BOOTS_AT, "records do not overlap");
#define BOOTS_END (BOOTS_AT + BOOT_SLOTS * sizeof(struct boot_record))
_Static_assert(BOOTS_END <= CONFIGURATION_AT, "records do not overlap");
_Static_assert(CONFIGURATION_AT + sizeof(struct configuration_record) <= E2END + 1, "all records fit");

static struct {
    struct configuration_record record;
    uint8_t next; /* byte of the record to look at; its size: all is written */
} keeping = {.next = sizeof(struct configuration_record)};

/* Read a record that ends with the CRC of what is before. */
static bool read_record(uint16_t address, void *record, uint8_t length)
{
    const uint8_t *bytes = record;
    const uint8_t covered = length - sizeof(wire_u16);

    eeprom_read_block(record, (const void *)address, length);
    return crc16(bytes, covered) == (uint16_t)(bytes[covered] | (uint16_t)bytes[covered + 1] << 8);
}

void store_serial_number(char serial_number[WIRE_TEXT])
{
    struct serial_record record;

    if (!read_record(SERIAL_NUMBER_AT, &record, sizeof record)) {
        memset(record.text, 0, sizeof record.text);
        memcpy(record.text, "UNSET", 5);
    }
    memcpy(serial_number, record.text, sizeof record.text);
}

static uint16_t boot_slot_at(uint8_t slot)
{
    return BOOTS_AT + slot * sizeof(struct boot_record);
}

uint32_t store_count_boot(void)
{
    struct boot_record record;
    uint32_t count = 0;

    for (uint8_t slot = 0; slot < BOOT_SLOTS; slot++) {
        if (read_record(boot_slot_at(slot), &record, sizeof record) && record.count > count)
            count = record.count;
    }
    record.count = ++count;
    record.crc = crc16((const uint8_t *)&record, offsetof(struct boot_record, crc));
    eeprom_update_block(&record, (void *)boot_slot_at(count % BOOT_SLOTS), sizeof record);
    return count;
}

const struct msg_configure *store_configuration(void)
{
    struct configuration_record *record = &keeping.record;

    if (!read_record(CONFIGURATION_AT, record, sizeof *record) || record->protocol != PROTOCOL_VERSION)
        return NULL;
    return &record->configuration;
}

void store_keep(const struct msg_configure *configuration)
{
    struct configuration_record *record = &keeping.record;

    record->protocol = PROTOCOL_VERSION;
    record->configuration = *configuration;
    record->crc = crc16((const uint8_t *)record, offsetof(struct configuration_record, crc));
    keeping.next = 0;
}

void store_poll(void)
{
    if (keeping.next == sizeof keeping.record || !eeprom_is_ready())
        return;
    const uint8_t *bytes = (const uint8_t *)&keeping.record;
    eeprom_update_byte((uint8_t *)(uintptr_t)(CONFIGURATION_AT + keeping.next), bytes[keeping.next]);
    keeping.next++;
}
