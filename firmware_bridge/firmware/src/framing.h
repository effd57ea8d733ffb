/*
 * Frames on the wire: COBS(sequence u16, type u8, payload, CRC-16), closed by a zero byte; the C side of
 * wire/framing.py. Pure: bytes in, frames out.
 */
#ifndef FRAMING_H
#define FRAMING_H

#include <stdbool.h>
#include <stdint.h>

#include "generated/protocol.h"

/* An intact frame. It lies in its receiver's buffer until that takes the next byte. */
struct frame {
    uint16_t sequence;
    uint8_t number;
    uint8_t length; /* of the payload */
    const uint8_t *payload;
};

/* Cuts a byte stream into frames; damaged ones are counted and dropped. All zero: ready to receive. */
struct receiver {
    uint8_t length; /* above FRAME_MAX_ENCODED: too long, and only waiting for its end */
    uint8_t encoded[FRAME_MAX_ENCODED];
    uint32_t overlong;
    uint32_t bad_cobs;
    uint32_t bad_crc;
};

/* Whether `byte` completed an intact frame, which is then in `frame`. */
bool receiver_take(struct receiver *receiver, uint8_t byte, struct frame *frame);

/* A frame to send is built in place: its payload is written at FRAME_PAYLOAD_AT of a buffer of this size. */
#define FRAME_PAYLOAD_AT 4
#define FRAME_BUFFER(payload_size) ((payload_size) + FRAME_PAYLOAD_AT + 3)

/*
 * Add header, CRC, stuffing and delimiter around the payload; the bytes to send, from the buffer's start on.
 */
uint8_t frame_seal(uint8_t *buffer, uint16_t sequence, uint8_t number, uint8_t payload_length);

#endif
