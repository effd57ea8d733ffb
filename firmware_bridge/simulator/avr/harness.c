/*
 * One ATmega in simavr, its pins and its serial line, for `native.py` to steer.
 *
 * Time is counted in CPU cycles since `bench_open`, over all resets. What happens on a pin is noted in callbacks
 * of simavr, to the cycle; nothing here waits, allocates while running or knows what the pins are wired to.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <simavr/avr_adc.h>
#include <simavr/avr_eeprom.h>
#include <simavr/avr_extint.h>
#include <simavr/avr_ioport.h>
#include <simavr/avr_spi.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>

enum {
    PINS = 32,
    ADC_CHANNELS = 8, /* simavr keeps the voltages of no more */
    CHIPS = 4,
    CHIP_REGISTERS = 16,
    LINE_BYTES = 1 << 14, /* each way: over a second at 115200 baud */
    EDGES = 1 << 18,
    LOG_BYTES = 512,
    RECEIVER_BYTES = 2, /* a UART holds three, with its shift register; simavr has one of them */
    RECEIVER_POLL = 16, /* cycles between two looks whether the firmware has read a byte */
    WRITE_BIT = 0x80, /* in the address byte of a chip with registers */
};

enum chip_kind { CHIP_STREAM, CHIP_REGISTERED };

/* What one watched output pin has done since `bench_open`. */
typedef struct {
    uint64_t rises;
    uint64_t high_cycles; /* up to `changed` */
    uint64_t changed;
    uint64_t last_rise;
    uint64_t period; /* between the last two rises; 0: there were no two */
    int64_t position; /* rises while enabled, counted down while the direction pin is low */
    uint32_t level;
} pin_count;

typedef struct {
    uint64_t cycle;
    uint32_t pin;
    uint32_t level;
} edge;

typedef struct bench bench;

typedef struct {
    bench *owner;
    avr_irq_t *irq;
    pin_count count;
    int direction; /* index of the watched pin that is high for forwards; -1: none */
    int enable;    /* index of the watched pin that is low when steps count; -1: none */
    int chip;      /* index of the chip that this pin selects while low; -1: none */
    int logged;
} watched_pin;

typedef struct {
    avr_irq_t *irq;
    char port;
    int bit;
    uint32_t level;
} driven_pin;

typedef struct {
    enum chip_kind kind;
    uint8_t bytes[CHIP_REGISTERS];
    int selected;
    int position; /* bytes since it was selected */
    int address;
    int writing;
} spi_chip;

struct bench {
    avr_t *avr;
    elf_firmware_t firmware;
    uint64_t epoch; /* cycles before the last reset, where simavr starts counting anew */
    uint64_t resets;
    uint64_t reset_cycle;
    int was_reset;
    void (*core_reset)(avr_t *avr);
    avr_uart_t *uart;
    avr_irq_t *uart_input;
    double cycles_per_byte;
    double rx_due;
    uint8_t receiver[RECEIVER_BYTES];
    int received;
    uint8_t rx[LINE_BYTES];
    uint32_t rx_head, rx_tail;
    uint8_t tx[LINE_BYTES];
    uint32_t tx_head, tx_tail;
    uint64_t rx_overruns, rx_refused, tx_lost;
    watched_pin pins[PINS];
    int pin_count;
    driven_pin inputs[PINS];
    int input_count;
    uint32_t adc_uv[ADC_CHANNELS];
    uint32_t reference_uv;
    uint32_t noise_uv;
    uint32_t noise_state;
    avr_irq_t *adc_irq;
    spi_chip chips[CHIPS];
    int chip_count;
    avr_irq_t *spi_input;
    edge edges[EDGES];
    uint32_t edge_count;
    uint64_t edges_lost;
    char log[LOG_BYTES];
};

static uint64_t now(const bench *b) { return b->epoch + b->avr->cycle; }

/* -- what simavr says ------------------------------------------------------------------------------------ */

static void keep_log(avr_t *avr, const int level, const char *format, va_list arguments) {
    if (avr == NULL || avr->custom.data == NULL || level > LOG_ERROR || level == LOG_OUTPUT)
        return;
    bench *b = avr->custom.data;
    vsnprintf(b->log, sizeof b->log, format, arguments);
}

static void no_sleep(avr_t *avr, avr_cycle_count_t cycles) { (void)avr, (void)cycles; }

/* -- serial line ----------------------------------------------------------------------------------------- */

static void on_uart_output(avr_irq_t *irq, uint32_t value, void *param) {
    (void)irq;
    bench *b = param;
    if (b->tx_head - b->tx_tail == LINE_BYTES) {
        b->tx_lost++;
        return;
    }
    b->tx[b->tx_head++ % LINE_BYTES] = (uint8_t)value;
}

static avr_cycle_count_t next_rx(bench *b) {
    b->rx_due += b->cycles_per_byte;
    return (avr_cycle_count_t)(b->rx_due - (double)b->epoch);
}

/*
 * simavr has a FIFO of 64 bytes, and lets each wait for as long as it takes to send. Both would hide a firmware
 * that is too slow, so it gets one byte at a time, without a wait; what waits is held here, as in the chip.
 */
static void hand_over(bench *b) {
    uart_fifo_t *fifo = &b->uart->input;
    if (b->received == 0 || fifo->write != fifo->read)
        return;
    avr_cycle_count_t pace = b->uart->cycles_per_byte;
    b->uart->cycles_per_byte = 1;
    avr_raise_irq(b->uart_input, b->receiver[0]);
    b->uart->cycles_per_byte = pace;
    memmove(b->receiver, b->receiver + 1, (size_t)--b->received);
}

static avr_cycle_count_t on_poll(avr_t *avr, avr_cycle_count_t when, void *param) {
    (void)avr;
    bench *b = param;
    hand_over(b);
    return b->received == 0 ? 0 : when + RECEIVER_POLL;
}

static void arrive(bench *b, uint8_t byte) {
    if (b->received == RECEIVER_BYTES) {
        b->rx_overruns++;
        return;
    }
    b->receiver[b->received++] = byte;
    hand_over(b);
    if (b->received > 0 && !avr_cycle_timer_status(b->avr, on_poll, b))
        avr_cycle_timer_register(b->avr, RECEIVER_POLL, on_poll, b);
}

static avr_cycle_count_t on_rx_due(avr_t *avr, avr_cycle_count_t when, void *param) {
    (void)avr, (void)when;
    bench *b = param;
    if (b->rx_head == b->rx_tail)
        return 0;
    arrive(b, b->rx[b->rx_tail++ % LINE_BYTES]);
    return b->rx_head == b->rx_tail ? 0 : next_rx(b);
}

static void start_rx(bench *b) {
    if (b->rx_head == b->rx_tail || avr_cycle_timer_status(b->avr, on_rx_due, b))
        return;
    if (b->rx_due < (double)now(b))
        b->rx_due = (double)now(b);
    avr_cycle_timer_register(b->avr, next_rx(b) - b->avr->cycle, on_rx_due, b);
}

uint32_t bench_receive(bench *b, const uint8_t *data, uint32_t size) {
    uint32_t taken = 0;
    while (taken < size && b->rx_head - b->rx_tail < LINE_BYTES)
        b->rx[b->rx_head++ % LINE_BYTES] = data[taken++];
    b->rx_refused += size - taken;
    start_rx(b);
    return taken;
}

uint32_t bench_transmitted(bench *b, uint8_t *data, uint32_t size) {
    uint32_t given = 0;
    while (given < size && b->tx_tail != b->tx_head)
        data[given++] = b->tx[b->tx_tail++ % LINE_BYTES];
    return given;
}

void bench_line_counts(const bench *b, uint64_t counts[3]) {
    counts[0] = b->rx_overruns;
    counts[1] = b->rx_refused;
    counts[2] = b->tx_lost;
}

static int attach_uart(bench *b, char name, uint32_t baud) {
    uint32_t flags = 0;
    avr_ioctl(b->avr, AVR_IOCTL_UART_SET_FLAGS(name), &flags);
    b->uart_input = avr_io_getirq(b->avr, AVR_IOCTL_UART_GETIRQ(name), UART_IRQ_INPUT);
    avr_irq_t *output = avr_io_getirq(b->avr, AVR_IOCTL_UART_GETIRQ(name), UART_IRQ_OUTPUT);
    if (b->uart_input == NULL || output == NULL)
        return -1;
    for (avr_io_t *io = b->avr->io_port; io != NULL; io = io->next)
        if (io->irq_ioctl_get == (uint32_t)AVR_IOCTL_UART_GETIRQ(name))
            b->uart = (avr_uart_t *)io;
    avr_irq_register_notify(output, on_uart_output, b);
    b->cycles_per_byte = 10.0 * b->avr->frequency / baud;
    return b->uart == NULL ? -1 : 0;
}

/* -- SPI chips ------------------------------------------------------------------------------------------- */

static uint8_t exchange(spi_chip *chip, uint8_t sent) {
    int position = chip->position++;
    if (chip->kind == CHIP_STREAM)
        return chip->bytes[position % CHIP_REGISTERS];
    if (position == 0) {
        chip->writing = (sent & WRITE_BIT) != 0;
        chip->address = sent & ~WRITE_BIT;
        return 0xFF;
    }
    uint8_t *reg = &chip->bytes[chip->address++ % CHIP_REGISTERS];
    if (chip->writing)
        *reg = sent;
    return *reg;
}

static void on_spi_output(avr_irq_t *irq, uint32_t value, void *param) {
    (void)irq;
    bench *b = param;
    uint8_t answer = 0xFF; /* the pulled-up line when no chip is selected */
    for (int i = 0; i < b->chip_count; i++)
        if (b->chips[i].selected)
            answer &= exchange(&b->chips[i], (uint8_t)value);
    avr_raise_irq(b->spi_input, answer);
}

static void select_chip(bench *b, int index, uint32_t level) {
    spi_chip *chip = &b->chips[index];
    chip->selected = !level;
    chip->position = 0;
}

int bench_add_chip(bench *b, int kind, int select_pin) {
    if (b->chip_count == CHIPS || select_pin < 0 || select_pin >= b->pin_count)
        return -1;
    int index = b->chip_count++;
    b->chips[index].kind = kind;
    b->pins[select_pin].chip = index;
    return index;
}

int bench_set_chip(bench *b, int index, int first, const uint8_t *bytes, int size) {
    if (index < 0 || index >= b->chip_count || first < 0 || size < 0 || first + size > CHIP_REGISTERS)
        return -1;
    memcpy(b->chips[index].bytes + first, bytes, (size_t)size);
    return 0;
}

int bench_get_chip(const bench *b, int index, uint8_t *bytes) {
    if (index < 0 || index >= b->chip_count)
        return -1;
    memcpy(bytes, b->chips[index].bytes, CHIP_REGISTERS);
    return CHIP_REGISTERS;
}

/* -- ADC ------------------------------------------------------------------------------------------------- */

static uint32_t dither_uv(bench *b) {
    /* Numerical Recipes' linear congruential generator: white enough for the last bit of a converter. */
    b->noise_state = b->noise_state * 1664525u + 1013904223u;
    return b->noise_uv == 0 ? 0 : (uint32_t)(((uint64_t)b->noise_state * b->noise_uv) >> 32);
}

static void on_adc_start(avr_irq_t *irq, uint32_t value, void *param) {
    (void)irq;
    bench *b = param;
    union {
        avr_adc_mux_t mux;
        uint32_t word;
    } asked = {.word = value};
    uint32_t channel = asked.mux.src;
    if (asked.mux.kind != ADC_MUX_SINGLE || channel >= ADC_CHANNELS)
        return;
    int64_t uv = (int64_t)b->adc_uv[channel] + dither_uv(b) - b->noise_uv / 2;
    int64_t code = uv < 0 ? 0 : uv * 1024 / b->reference_uv;
    if (code > 1023)
        code = 1023;
    /* simavr turns whole millivolts into floor(mV * 1023 / reference): give those that come out as `code`. */
    uint32_t reference_mv = b->reference_uv / 1000;
    avr_raise_irq(b->adc_irq + channel, (uint32_t)((code * reference_mv + 1022) / 1023));
}

int bench_set_adc(bench *b, int channel, uint32_t microvolts) {
    if (channel < 0 || channel >= ADC_CHANNELS)
        return -1;
    b->adc_uv[channel] = microvolts;
    return 0;
}

/* -- pins ------------------------------------------------------------------------------------------------ */

static void note_rise(bench *b, watched_pin *pin, uint64_t at) {
    pin_count *count = &pin->count;
    if (count->rises++)
        count->period = at - count->last_rise;
    count->last_rise = at;
    if (pin->enable >= 0 && b->pins[pin->enable].count.level)
        return;
    count->position += pin->direction < 0 || b->pins[pin->direction].count.level ? 1 : -1;
}

static void on_pin(avr_irq_t *irq, uint32_t value, void *param) {
    (void)irq;
    watched_pin *pin = param;
    bench *b = pin->owner;
    pin_count *count = &pin->count;
    uint32_t level = value & 1;
    uint64_t at = now(b);
    if (level == count->level)
        return;
    if (level)
        note_rise(b, pin, at);
    else
        count->high_cycles += at - count->changed;
    count->level = level;
    count->changed = at;
    if (pin->chip >= 0)
        select_chip(b, pin->chip, level);
    if (!pin->logged)
        return;
    if (b->edge_count == EDGES)
        b->edges_lost++;
    else
        b->edges[b->edge_count++] = (edge){at, (uint32_t)(pin - b->pins), level};
}

int bench_watch(bench *b, char port, int bit, int direction, int enable) {
    if (b->pin_count == PINS || bit < 0 || bit > 7 || direction >= b->pin_count || enable >= b->pin_count)
        return -1;
    avr_irq_t *irq = avr_io_getirq(b->avr, AVR_IOCTL_IOPORT_GETIRQ(port), bit);
    if (irq == NULL)
        return -1;
    watched_pin *pin = &b->pins[b->pin_count];
    *pin = (watched_pin){.owner = b, .irq = irq, .direction = direction, .enable = enable, .chip = -1};
    avr_irq_register_notify(irq, on_pin, pin);
    return b->pin_count++;
}

void bench_read_pin(const bench *b, int index, pin_count *count) {
    *count = b->pins[index].count;
    if (count->level) {
        count->high_cycles += now(b) - count->changed;
        count->changed = now(b);
    }
}

void bench_log_edges(bench *b, int index, int logged) { b->pins[index].logged = logged; }

uint32_t bench_edges(bench *b, edge *edges, uint32_t size, uint64_t *lost) {
    uint32_t given = b->edge_count < size ? b->edge_count : size;
    memcpy(edges, b->edges, given * sizeof *edges);
    memmove(b->edges, b->edges + given, (b->edge_count - given) * sizeof *edges);
    b->edge_count -= given;
    *lost = b->edges_lost;
    return given;
}

/* What drives a pin from outside is stronger than the pull-up: simavr has to be told, a port at a time. */
static void drive_port(bench *b, char port) {
    avr_ioport_external_t external = {.name = port};
    for (int i = 0; i < b->input_count; i++) {
        if (b->inputs[i].port != port)
            continue;
        external.mask |= 1u << b->inputs[i].bit;
        external.value |= b->inputs[i].level << b->inputs[i].bit;
    }
    avr_ioctl(b->avr, AVR_IOCTL_IOPORT_SET_EXTERNAL(port), &external);
}

void bench_set_input(bench *b, int index, uint32_t level) {
    driven_pin *pin = &b->inputs[index];
    if (pin->level == level)
        return;
    pin->level = level;
    drive_port(b, pin->port);
    avr_raise_irq(pin->irq, level);
}

int bench_add_input(bench *b, char port, int bit, uint32_t level) {
    avr_irq_t *irq = avr_io_getirq(b->avr, AVR_IOCTL_IOPORT_GETIRQ(port), bit);
    if (irq == NULL || b->input_count == PINS)
        return -1;
    b->inputs[b->input_count] = (driven_pin){.irq = irq, .port = port, .bit = bit, .level = !level};
    bench_set_input(b, b->input_count++, level);
    return b->input_count - 1;
}

/* -- life ------------------------------------------------------------------------------------------------ */

static void on_reset(avr_t *avr) {
    bench *b = avr->custom.data;
    b->was_reset = 1;
    b->reset_cycle = avr->cycle;
    if (b->core_reset != NULL)
        b->core_reset(avr);
}

/* After a reset simavr has forgotten its timers and its port registers, but not the levels of its pins. */
static void after_reset(bench *b) {
    b->was_reset = 0;
    b->resets++;
    if (b->avr->cycle < b->reset_cycle)
        b->epoch += b->reset_cycle;
    for (int i = 0; i < b->pin_count; i++) /* floating pins: pull-downs hold every output off */
        avr_raise_irq(b->pins[i].irq, 0);
    for (int i = 0; i < b->chip_count; i++)
        b->chips[i].selected = 0;
    for (int i = 0; i < b->input_count; i++) {
        avr_raise_irq(b->inputs[i].irq, !b->inputs[i].level);
        avr_raise_irq(b->inputs[i].irq, b->inputs[i].level);
    }
    b->received = 0;
    b->rx_tail = b->rx_head; /* what the line carries meanwhile is lost */
}

static avr_cycle_count_t on_stop(avr_t *avr, avr_cycle_count_t when, void *param) {
    (void)avr, (void)when, (void)param;
    return 0; /* its being due is what ends a burst or a sleep */
}

/* Runs until `until`, in cycles since the opening; 0, or 1 when the firmware has stopped for good. */
int bench_run(bench *b, uint64_t until) {
    avr_t *avr = b->avr;
    while (now(b) < until) {
        if (avr_cycle_timer_status(avr, on_stop, b) == 0)
            avr_cycle_timer_register(avr, until - now(b), on_stop, b);
        int state = avr_run(avr);
        if (b->was_reset)
            after_reset(b);
        if (state == cpu_Done || state == cpu_Crashed)
            return 1;
    }
    return 0;
}

void bench_reset(bench *b, uint8_t mcusr) {
    avr_reset(b->avr);
    after_reset(b);
    if (b->avr->reset_flags.porf.reg)
        b->avr->data[b->avr->reset_flags.porf.reg] = mcusr;
}

uint64_t bench_cycle(const bench *b) { return now(b); }
uint64_t bench_resets(const bench *b) { return b->resets; }
uint32_t bench_pc(const bench *b) { return b->avr->pc; }
const char *bench_log(const bench *b) { return b->log; }
uint32_t bench_ram_end(const bench *b) { return b->avr->ramend; }
uint32_t bench_eeprom_size(const bench *b) { return b->avr->e2end + 1; }

int bench_symbol(const bench *b, const char *name) {
    for (uint32_t i = 0; i < b->firmware.symbolcount; i++)
        if (strcmp(b->firmware.symbol[i]->symbol, name) == 0)
            return (int)b->firmware.symbol[i]->addr;
    return -1;
}

int bench_ram(bench *b, uint32_t address, uint8_t *bytes, uint32_t size, int write) {
    if (address + size > b->avr->ramend + 1u)
        return -1;
    if (write)
        memcpy(b->avr->data + address, bytes, size);
    else
        memcpy(bytes, b->avr->data + address, size);
    return 0;
}

int bench_eeprom(bench *b, uint16_t offset, uint8_t *bytes, uint32_t size, int write) {
    avr_eeprom_desc_t place = {.ee = bytes, .offset = offset, .size = size};
    if (offset + size > b->avr->e2end + 1u)
        return -1;
    avr_ioctl(b->avr, write ? AVR_IOCTL_EEPROM_SET : AVR_IOCTL_EEPROM_GET, &place);
    return 0;
}

void bench_close(bench *b) {
    avr_terminate(b->avr);
    free(b->avr);
    for (uint32_t i = 0; i < b->firmware.symbolcount; i++)
        free(b->firmware.symbol[i]);
    free(b->firmware.symbol);
    free(b->firmware.flash);
    free(b->firmware.eeprom);
    free(b);
}

static int attach(bench *b, char uart, uint32_t baud) {
    /* Else simavr looks at every low interrupt pin once a cycle, which takes ten times as long as the rest. */
    for (uint8_t line = 0; line < EXTINT_COUNT; line++)
        avr_extint_set_strict_lvl_trig(b->avr, line, 0);
    b->spi_input = avr_io_getirq(b->avr, AVR_IOCTL_SPI_GETIRQ(0), SPI_IRQ_INPUT);
    avr_irq_t *spi_output = avr_io_getirq(b->avr, AVR_IOCTL_SPI_GETIRQ(0), SPI_IRQ_OUTPUT);
    b->adc_irq = avr_io_getirq(b->avr, AVR_IOCTL_ADC_GETIRQ, 0);
    if (b->spi_input == NULL || spi_output == NULL || b->adc_irq == NULL)
        return -1;
    avr_irq_register_notify(spi_output, on_spi_output, b);
    avr_irq_register_notify(b->adc_irq + ADC_IRQ_OUT_TRIGGER, on_adc_start, b);
    return attach_uart(b, uart, baud);
}

/* Loads an ELF file and powers the controller up. NULL: simavr knows no such controller, or cannot read the file. */
bench *bench_open(const char *elf, const char *mcu, uint32_t frequency_hz, char uart, uint32_t baud,
                  uint32_t reference_uv, uint32_t noise_uv, uint32_t seed) {
    bench *b = calloc(1, sizeof *b);
    if (b == NULL)
        return NULL;
    avr_global_logger_set(keep_log);
    b->reference_uv = reference_uv;
    b->noise_uv = noise_uv;
    b->noise_state = seed;
    b->avr = avr_make_mcu_by_name(mcu);
    if (b->avr == NULL || elf_read_firmware(elf, &b->firmware) != 0) {
        free(b);
        return NULL;
    }
    avr_init(b->avr);
    b->firmware.frequency = frequency_hz;
    b->firmware.vcc = b->firmware.avcc = b->firmware.aref = reference_uv / 1000;
    avr_load_firmware(b->avr, &b->firmware);
    b->avr->custom.data = b;
    b->avr->sleep = no_sleep;
    b->core_reset = b->avr->reset;
    b->avr->reset = on_reset;
    if (attach(b, uart, baud) != 0) {
        bench_close(b);
        return NULL;
    }
    return b;
}
