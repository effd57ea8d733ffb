/*
 * The whole board: set up once, then one loop that never waits; the watchdog is fed only while all of it
 * works.
 */
#include <avr/interrupt.h>
#include <avr/sleep.h>
#include <stdbool.h>
#include <string.h>

#include "board.h"
#include "checksum.h"
#include "generated/pinout.h"
#include "pins.h"
#include "reset.h"
#include "sensors.h"
#include "stack.h"
#include "store.h"
#include "tick.h"
#include "uart.h"

/* Different at every boot of every board, as long as no two boards have one serial number. */
static uint32_t make_boot_id(const char serial_number[WIRE_TEXT])
{
    uint8_t seed[WIRE_TEXT + sizeof(uint32_t)];
    const uint32_t boots = store_count_boot();

    memcpy(seed, serial_number, WIRE_TEXT);
    memcpy(seed + WIRE_TEXT, &boots, sizeof boots);
    return crc32(seed, sizeof seed);
}

static void boot(void)
{
    struct identity self;

    self.reset_cause = reset_take_cause();
    pins_begin();
    watchdog_begin(); /* an EEPROM that never gets ready must not hang the boot */
    store_serial_number(self.serial_number);
    self.boot_id = make_boot_id(self.serial_number);
    board_boot(&self);
    board_restore(store_configuration());
    sensors_begin();
    uart_begin();
    tick_start();
    set_sleep_mode(SLEEP_MODE_IDLE);
    sei();
}

/* Answer at most one request, and only when the whole reply can be queued; whether one was answered. */
static bool serve(uint32_t now_ms)
{
    static uint8_t reply[BOARD_REPLY_BYTES];
    uint8_t byte;

    while (uart_room() >= sizeof reply && uart_read(&byte)) {
        const uint8_t length = board_feed(byte, sensors_readings(), now_ms, reply);
        if (length > 0) {
            uart_write(reply, length);
            return true;
        }
    }
    return false;
}

static void advance(uint32_t now_ms)
{
    static uint8_t slot_ms;
    const struct msg_configure *configuration = board_newly_configured();

    sensors_advance(now_ms);
    board_advance(sensors_readings(), now_ms);
    if (++slot_ms >= HEATER_SLOT_MS) {
        slot_ms = 0;
        pins_next_heater_slot();
    }
    if (configuration)
        store_keep(configuration);
    /* Only here, in a new millisecond: a tick that has died starves the watchdog, too. */
    if (stack_is_intact() && sensors_are_alive(now_ms))
        watchdog_feed();
}

int main(void)
{
    uint32_t advanced_ms = 0;

    stack_paint();
    boot();
    for (;;) {
        const uint32_t now_ms = tick_now_ms();
        const bool is_new_ms = now_ms != advanced_ms;
        const bool served = serve(now_ms);

        sensors_poll();
        if (is_new_ms) {
            advanced_ms = now_ms;
            advance(now_ms);
        }
        if (served || is_new_ms)
            pins_follow();
        store_poll();
        sleep_mode(); /* the next tick wakes it at the latest */
    }
}
