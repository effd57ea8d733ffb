/* Every message of the table, with the meaning that simulator/board.py gives it. */
#include "board.h"

#include <string.h>

#include "checksum.h"
#include "config.h"
#include "stage.h"

static struct receiver receiver;
static struct identity self;
static uint32_t unknown_type;
static uint32_t malformed;
static bool newly_configured;
static uint32_t advanced_ms;

/* A reply under way: its payload is built in place. */
struct reply {
    uint8_t number; /* 0: none */
    uint8_t length;
    uint8_t *payload;
};

void board_boot(const struct identity *identity)
{
    self = *identity;
    memset(&receiver, 0, sizeof receiver);
    unknown_type = malformed = 0;
    newly_configured = false;
    advanced_ms = 0;
    config_reset();
    stage_reset();
    safety_reset();
}

void board_restore(const struct msg_configure *kept)
{
    if (kept && config_is_possible(kept))
        config_take(kept);
}

const struct msg_configure *board_newly_configured(void)
{
    const bool newly = newly_configured;

    newly_configured = false;
    return newly ? config() : NULL;
}

void board_advance(const struct readings *readings, uint32_t now_ms)
{
    const uint32_t elapsed_ms = now_ms - advanced_ms;

    advanced_ms = now_ms;
    safety_check(readings, now_ms);
    stage_advance(elapsed_ms < UINT8_MAX ? (uint8_t)elapsed_ms : UINT8_MAX);
}

static void refuse(struct reply *reply, uint8_t request, uint8_t reason)
{
    struct msg_refused *refused = (struct msg_refused *)reply->payload;

    reply->number = MESSAGE_REFUSED;
    reply->length = sizeof *refused;
    refused->request = request;
    refused->reason = reason;
}

static void hello(struct reply *reply)
{
    struct msg_hello_reply *hello = (struct msg_hello_reply *)reply->payload;

    reply->number = MESSAGE_HELLO_REPLY;
    reply->length = sizeof *hello;
    memset(hello, 0, sizeof *hello);
    hello->protocol = PROTOCOL_VERSION;
    hello->boot_id = self.boot_id;
    hello->reset_cause = self.reset_cause;
    hello->axes = AXES;
    hello->heaters = HEATERS;
    hello->temperatures = TEMPERATURES;
    hello->pressures = PRESSURES;
    hello->lamps = LAMPS;
    memcpy(hello->firmware, FIRMWARE_NAME, sizeof FIRMWARE_NAME - 1);
    memcpy(hello->serial_number, self.serial_number, sizeof hello->serial_number);
    hello->frequencies = FREQUENCIES;
    hello->duties = DUTIES;
    hello->digitals = DIGITALS;
}

static void configure(const struct frame *frame, struct reply *reply)
{
    const struct msg_configure *asked = (const struct msg_configure *)frame->payload;
    struct msg_configured *acknowledged = (struct msg_configured *)reply->payload;

    if (!config_is_possible(asked)) {
        refuse(reply, frame->number, REFUSAL_OUT_OF_RANGE);
        return;
    }
    config_take(asked);
    safety_configured();
    newly_configured = true;
    reply->number = MESSAGE_CONFIGURED;
    reply->length = sizeof *acknowledged;
    acknowledged->digest = crc32(frame->payload, sizeof *asked);
}

static void inputs(const struct readings *readings, uint32_t now_ms, struct reply *reply)
{
    struct msg_inputs *inputs = (struct msg_inputs *)reply->payload;
    const struct msg_outputs *goal = stage_goal();

    reply->number = MESSAGE_INPUTS;
    reply->length = sizeof *inputs;
    inputs->tick_ms = now_ms;
    inputs->status = safety_status(readings);
    memcpy(inputs->temperatures_c, readings->temperatures, sizeof inputs->temperatures_c);
    memcpy(inputs->pressures_kpa, readings->pressures, sizeof inputs->pressures_kpa);
    memcpy(inputs->pump_steps_s, stage_pump_mhz(), sizeof inputs->pump_steps_s);
    memcpy(inputs->heater_duty, goal->heater_duty, sizeof inputs->heater_duty);
    inputs->lamp_duty = goal->lamp_duty;
    memcpy(inputs->frequency_hz, goal->frequency_hz, sizeof inputs->frequency_hz);
    memcpy(inputs->duty, goal->duty, sizeof inputs->duty);
    inputs->digital_bits = readings->digital_bits;
}

static void faults(struct reply *reply)
{
    struct msg_faults_reply *faults = (struct msg_faults_reply *)reply->payload;

    reply->number = MESSAGE_FAULTS_REPLY;
    reply->length = sizeof *faults;
    faults->bad_crc = receiver.bad_crc;
    faults->bad_cobs = receiver.bad_cobs;
    faults->overruns = receiver.overlong;
    faults->unknown_type = unknown_type;
    faults->malformed = malformed;
    safety_report(faults);
}

/* Carry out an intact request of the right length. */
static void carry_out(
    const struct frame *frame, const struct readings *readings, uint32_t now_ms, struct reply *reply)
{
    switch (frame->number) {
    case MESSAGE_HELLO:
        hello(reply);
        return;
    case MESSAGE_CONFIGURE:
        configure(frame, reply);
        return;
    case MESSAGE_FAULTS:
        faults(reply);
        return;
    case MESSAGE_OUTPUTS:
        if (safety_admits(now_ms))
            safety_note_limited(stage_command((const struct msg_outputs *)frame->payload));
        break;
    case MESSAGE_ESTOP:
        safety_stop(now_ms);
        break;
    case MESSAGE_CLEAR:
        if (!safety_clear(readings)) {
            refuse(reply, frame->number, REFUSAL_CAUSE_STANDS);
            return;
        }
        break;
    }
    inputs(readings, now_ms, reply);
}

static void answer(
    const struct frame *frame, const struct readings *readings, uint32_t now_ms, struct reply *reply)
{
    const uint8_t size = board_request_size(frame->number);

    if (size == NO_SUCH_REQUEST) {
        unknown_type++;
        /* Never answer a reply: on a line that echoes, that would not end. */
        if (!(frame->number & REPLY_BIT))
            refuse(reply, frame->number, REFUSAL_UNKNOWN_TYPE);
    } else if (size != frame->length) {
        malformed++;
        refuse(reply, frame->number, REFUSAL_MALFORMED);
    } else {
        carry_out(frame, readings, now_ms, reply);
    }
}

uint8_t board_feed(uint8_t byte, const struct readings *readings, uint32_t now_ms, uint8_t *buffer)
{
    struct frame frame;
    struct reply reply = {.payload = buffer + FRAME_PAYLOAD_AT};

    if (!receiver_take(&receiver, byte, &frame))
        return 0;
    answer(&frame, readings, now_ms, &reply);
    if (reply.number == 0)
        return 0;
    return frame_seal(buffer, frame.sequence, reply.number, reply.length);
}
