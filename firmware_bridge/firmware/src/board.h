/*
 * The board as its host sees it: one request in, one reply out. Pure: bytes, readings and the time come in,
 * and the output stage says what the pins shall do.
 */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "framing.h"
#include "generated/protocol.h"
#include "safety.h"

/* The longest frame that a board sends. */
#define BOARD_REPLY_BYTES FRAME_BUFFER(BOARD_MAX_REPLY)

/* What stays the same from one boot to the next reset. */
struct identity {
    uint32_t boot_id;
    uint8_t reset_cause;
    char serial_number[WIRE_TEXT];
};

/* Start anew: all outputs off, nothing configured, nothing counted. */
void board_boot(const struct identity *identity);

/*
 * Take the configuration kept from an earlier boot; NULL, or one that this board cannot work under, is none.
 * The outputs stay off and the host has still to configure the board, but its temperature limits are watched
 * from here on, and a trip drives its safe values.
 */
void board_restore(const struct msg_configure *kept);

/* The configuration to keep for the next boot: once after each CONFIGURE that was taken, else NULL. */
const struct msg_configure *board_newly_configured(void);

/* Let time pass: dead-man, stop input, temperature limits, ramps. */
void board_advance(const struct readings *readings, uint32_t now_ms);

/*
 * Take one byte from the host. When it completes a request, its reply is built in `reply`, of
 * BOARD_REPLY_BYTES. Returns the bytes to send; 0 for none.
 */
uint8_t board_feed(uint8_t byte, const struct readings *readings, uint32_t now_ms, uint8_t *reply);

#endif
