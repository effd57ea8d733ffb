/*
 * What the EEPROM keeps: the board's serial number, the count of its boots, and the last configuration, each
 * with a CRC-16. A record that power failed in the middle of is none.
 */
#ifndef STORE_H
#define STORE_H

#include <stdint.h>

#include "generated/protocol.h"

/* Fill in the serial number, "UNSET" where none was ever written. */
void store_serial_number(char serial_number[WIRE_TEXT]);

/* Count this boot and return the count. Waits for the EEPROM: at most 25 ms. */
uint32_t store_count_boot(void);

/* Read the configuration kept; NULL when there is none that is intact and of this protocol. */
const struct msg_configure *store_configuration(void);

/* Keep this configuration, which must stay where it is: `store_poll` writes what differs, byte by byte. */
void store_keep(const struct msg_configure *configuration);
void store_poll(void);

#endif
