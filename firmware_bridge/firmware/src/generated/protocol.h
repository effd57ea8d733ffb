/* Made from wire/messages.py and wire/framing.py by `make headers`: change it there. */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#include <stdint.h>

/* Numbers at any address, little endian as both these chips and their tests' machines are. */
typedef uint16_t wire_u16 __attribute__((aligned(1), may_alias));
typedef uint32_t wire_u32 __attribute__((aligned(1), may_alias));
typedef int16_t wire_i16 __attribute__((aligned(1), may_alias));

#define PROTOCOL_VERSION 2
#define FRAME_DELIMITER 0
#define FRAME_MAX_ENCODED 254
#define REPLY_BIT 0x80
#define BOARD_MAX_REPLY 61
#define DEADMAN_MS_MIN 20
#define DEADMAN_MS_MAX 10000
#define WIRE_PUMP_AXES 6
#define WIRE_HEATERS 2
#define WIRE_TEMPERATURES 4
#define WIRE_PRESSURES 2
#define WIRE_LAMPS 1
#define WIRE_FREQUENCIES 2
#define WIRE_DUTIES 2
#define WIRE_TEXT 16
#define TEMPERATURE_ABSENT (-32768)
#define PRESSURE_ABSENT 65535

enum reset_cause {
    RESET_CAUSE_UNKNOWN = 0,
    RESET_CAUSE_POWER_ON = 1,
    RESET_CAUSE_EXTERNAL = 2,
    RESET_CAUSE_BROWN_OUT = 3,
    RESET_CAUSE_WATCHDOG = 4,
};

enum trip_cause {
    TRIP_CAUSE_NONE = 0,
    TRIP_CAUSE_DEADMAN = 1,
    TRIP_CAUSE_HOST_STOP = 2,
    TRIP_CAUSE_STOP_INPUT = 3,
    TRIP_CAUSE_OVER_TEMPERATURE = 4,
    TRIP_CAUSE_SENSOR_FAULT = 5,
};

enum refusal {
    REFUSAL_UNKNOWN_TYPE = 1,
    REFUSAL_MALFORMED = 2,
    REFUSAL_OUT_OF_RANGE = 3,
    REFUSAL_CAUSE_STANDS = 4,
    REFUSAL_NO_SUCH_EXPOSURE = 5,
    REFUSAL_NO_SUCH_PIXEL = 6,
};

enum status {
    STATUS_CONFIGURED = 1,
    STATUS_DEADMAN = 2,
    STATUS_ESTOPPED = 4,
    STATUS_OVER_TEMPERATURE = 8,
    STATUS_SENSOR_FAULT = 16,
    STATUS_STOP_PRESSED = 32,
    STATUS_LIMITED = 64,
};

enum message {
    MESSAGE_HELLO = 0x01,
    MESSAGE_CONFIGURE = 0x02,
    MESSAGE_OUTPUTS = 0x03,
    MESSAGE_ESTOP = 0x04,
    MESSAGE_CLEAR = 0x05,
    MESSAGE_FAULTS = 0x06,
    MESSAGE_HELLO_REPLY = 0x81,
    MESSAGE_CONFIGURED = 0x82,
    MESSAGE_INPUTS = 0x83,
    MESSAGE_FAULTS_REPLY = 0x86,
    MESSAGE_REFUSED = 0xFF,
};

struct msg_hello {
    uint8_t protocol;
};
_Static_assert(sizeof(struct msg_hello) == 1, "Hello lies on the wire without padding");

struct msg_configure {
    wire_u16 deadman_ms; /* ms */
    wire_u32 safe_pump_steps_s[6]; /* 1/1000 steps/s */
    wire_u16 safe_heater_duty[2]; /* 1/65535 */
    wire_u16 safe_lamp_duty; /* 1/65535 */
    wire_i16 limit_c[4]; /* 1/100 degC */
    wire_u32 limit_steps_s[6]; /* 1/1000 steps/s */
    wire_u32 limit_steps_s2[6]; /* steps/s2 */
    wire_u32 safe_frequency_hz[2]; /* 1/1000 Hz */
    wire_u32 limit_hz[2]; /* 1/1000 Hz */
    wire_u16 safe_duty[2]; /* 1/65535 */
};
_Static_assert(sizeof(struct msg_configure) == 108, "Configure lies on the wire without padding");

struct msg_outputs {
    wire_u32 pump_steps_s[6]; /* 1/1000 steps/s */
    wire_u16 heater_duty[2]; /* 1/65535 */
    wire_u16 lamp_duty; /* 1/65535 */
    wire_u32 frequency_hz[2]; /* 1/1000 Hz */
    wire_u16 duty[2]; /* 1/65535 */
};
_Static_assert(sizeof(struct msg_outputs) == 42, "Outputs lies on the wire without padding");

struct msg_hello_reply {
    uint8_t protocol;
    wire_u32 boot_id;
    uint8_t reset_cause;
    uint8_t axes;
    uint8_t heaters;
    uint8_t temperatures;
    uint8_t pressures;
    uint8_t lamps;
    char firmware[16];
    char serial_number[16];
    uint8_t frequencies;
    uint8_t duties;
    uint8_t digitals;
};
_Static_assert(sizeof(struct msg_hello_reply) == 46, "HelloReply lies on the wire without padding");

struct msg_configured {
    wire_u32 digest;
};
_Static_assert(sizeof(struct msg_configured) == 4, "Configured lies on the wire without padding");

struct msg_inputs {
    wire_u32 tick_ms; /* ms */
    wire_u16 status;
    wire_i16 temperatures_c[4]; /* 1/100 degC */
    wire_u16 pressures_kpa[2]; /* 1/10 kPa */
    wire_u32 pump_steps_s[6]; /* 1/1000 steps/s */
    wire_u16 heater_duty[2]; /* 1/65535 */
    wire_u16 lamp_duty; /* 1/65535 */
    wire_u32 frequency_hz[2]; /* 1/1000 Hz */
    wire_u16 duty[2]; /* 1/65535 */
    uint8_t digital_bits;
};
_Static_assert(sizeof(struct msg_inputs) == 61, "Inputs lies on the wire without padding");

struct msg_faults_reply {
    wire_u32 bad_crc;
    wire_u32 bad_cobs;
    wire_u32 overruns;
    wire_u32 unknown_type;
    wire_u32 malformed;
    wire_u32 deadman_trips;
    uint8_t last_trip;
    wire_u32 last_trip_ms; /* ms */
};
_Static_assert(sizeof(struct msg_faults_reply) == 29, "FaultsReply lies on the wire without padding");

struct msg_refused {
    uint8_t request;
    uint8_t reason;
};
_Static_assert(sizeof(struct msg_refused) == 2, "Refused lies on the wire without padding");

#define NO_SUCH_REQUEST 0xFF

/* Bytes of payload that a request of this number has. */
static inline uint8_t board_request_size(uint8_t number)
{
    switch (number) {
    case MESSAGE_HELLO:
        return 1;
    case MESSAGE_CONFIGURE:
        return 108;
    case MESSAGE_OUTPUTS:
        return 42;
    case MESSAGE_ESTOP:
        return 0;
    case MESSAGE_CLEAR:
        return 0;
    case MESSAGE_FAULTS:
        return 0;
    default:
        return NO_SUCH_REQUEST;
    }
}

#endif
