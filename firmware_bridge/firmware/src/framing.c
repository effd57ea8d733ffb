/*
 * Stuffing in place: a frame holds at most 253 bytes, so every COBS code stands for one zero of the data,
 * save the first, which lies before it. Encoding puts codes where zeros are, decoding puts the zeros back.
 */
#include "framing.h"

#include "checksum.h"

#define HEADER_BYTES 3
#define CRC_BYTES 2

/* Undo the stuffing; false when the codes do not lead exactly to the end. The data begin at encoded[1]. */
static bool unstuff(uint8_t *encoded, uint8_t length)
{
    uint16_t position = 0;

    while (position < length) {
        const uint8_t code = encoded[position];
        encoded[position] = 0;
        position += code;
    }
    return position == length;
}

static void stuff(uint8_t *buffer, uint8_t length)
{
    uint8_t code_at = 0;

    for (uint8_t position = 1; position < length; position++) {
        if (buffer[position] == 0) {
            buffer[code_at] = position - code_at;
            code_at = position;
        }
    }
    buffer[code_at] = length - code_at;
}

static bool decode(struct receiver *receiver, struct frame *frame)
{
    const uint8_t *data = receiver->encoded + 1;
    const uint8_t data_length = receiver->length - 1;

    if (receiver->length > FRAME_MAX_ENCODED) {
        receiver->overlong++;
        return false;
    }
    if (!unstuff(receiver->encoded, receiver->length) || data_length < HEADER_BYTES + CRC_BYTES) {
        receiver->bad_cobs++;
        return false;
    }
    const uint8_t body_length = data_length - CRC_BYTES;
    const uint16_t crc = (uint16_t)(data[body_length] | (uint16_t)data[body_length + 1] << 8);
    if (crc16(data, body_length) != crc) {
        receiver->bad_crc++;
        return false;
    }
    frame->sequence = (uint16_t)(data[0] | (uint16_t)data[1] << 8);
    frame->number = data[2];
    frame->payload = data + HEADER_BYTES;
    frame->length = body_length - HEADER_BYTES;
    return true;
}

bool receiver_take(struct receiver *receiver, uint8_t byte, struct frame *frame)
{
    if (byte != FRAME_DELIMITER) {
        if (receiver->length < FRAME_MAX_ENCODED)
            receiver->encoded[receiver->length++] = byte;
        else
            receiver->length = FRAME_MAX_ENCODED + 1;
        return false;
    }
    if (receiver->length == 0) /* a delimiter alone: the peer cleared the line */
        return false;
    const bool intact = decode(receiver, frame);
    receiver->length = 0;
    return intact;
}

uint8_t frame_seal(uint8_t *buffer, uint16_t sequence, uint8_t number, uint8_t payload_length)
{
    uint8_t *body = buffer + 1;
    const uint8_t body_length = HEADER_BYTES + payload_length;
    const uint8_t length = 1 + body_length + CRC_BYTES;

    body[0] = (uint8_t)sequence;
    body[1] = (uint8_t)(sequence >> 8);
    body[2] = number;
    const uint16_t crc = crc16(body, body_length);
    body[body_length] = (uint8_t)crc;
    body[body_length + 1] = (uint8_t)(crc >> 8);
    stuff(buffer, length);
    buffer[length] = FRAME_DELIMITER;
    return length + 1;
}
