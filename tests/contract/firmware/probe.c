/*
 * A firmware that does one thing for each byte it is sent, so that a test can tell what the simulated controller
 * does to it. On an ATmega2560: PA0 is a step pin at 12500 steps/s with PL0 for direction and PK0 to enable,
 * PA6 is a square wave of 100 Hz, PC0 is high for a quarter of the time.
 */
#include <avr/eeprom.h>
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/wdt.h>

enum { TICK_HZ = 25000 };

volatile uint8_t marker = 0x5A;
static uint8_t reset_cause __attribute__((section(".noinit")));

static void send(uint8_t byte) {
    while (!(UCSR0A & _BV(UDRE0)))
        ;
    UDR0 = byte;
}

static uint16_t convert(uint8_t channel) {
    ADMUX = _BV(REFS0) | channel;
    ADCSRA |= _BV(ADSC);
    while (ADCSRA & _BV(ADSC))
        ;
    return ADC;
}

static uint8_t exchange(uint8_t byte) {
    SPDR = byte;
    while (!(SPSR & _BV(SPIF)))
        ;
    return SPDR;
}

static void read_stream(void) {
    PORTB &= ~_BV(4);
    for (uint8_t i = 0; i < 4; i++)
        send(exchange(0));
    PORTB |= _BV(4);
}

static void read_register(void) {
    PORTB &= ~_BV(5);
    exchange(0x80); /* write register 0 */
    exchange(0x11);
    PORTB |= _BV(5);
    PORTB &= ~_BV(5);
    exchange(0x0C);
    send(exchange(0));
    PORTB |= _BV(5);
}

static __attribute__((noinline)) uint8_t deepen(uint8_t depth) {
    volatile uint8_t frame[100];
    frame[0] = depth;
    return depth ? deepen(depth - 1) + frame[0] : 0;
}

static void obey(uint8_t byte) {
    static uint8_t received;
    uint16_t code;
    received++;
    switch (byte) {
    case 'w': /* hang, with a watchdog of 15 ms */
        wdt_enable(WDTO_15MS);
        for (;;)
            ;
    case 'x': /* sleep for ever, deaf */
        cli();
        SMCR = _BV(SE);
        __asm__ volatile("sleep");
        break;
    case 'm': send(reset_cause); break;
    case 'e': send(eeprom_read_byte((uint8_t *)3)); break;
    case 'E': eeprom_write_byte((uint8_t *)3, 0x42); break;
    case 'a':
        code = convert(1);
        send(code >> 8);
        send(code & 0xFF);
        break;
    case 's': read_stream(); break;
    case 'r': read_register(); break;
    case 'p': send(PINE & _BV(4)); break;
    case 'b': PORTL &= ~_BV(0); break;
    case 'f': PORTL |= _BV(0); break;
    case 'd': PORTK |= _BV(0); break;
    case 'c':
        send(received);
        received = 0;
        break;
    case 'q': TIMSK1 = 0; break;
    case 'D': send(deepen(5)); break;
    default: send(byte + 1);
    }
}

ISR(TIMER1_COMPA_vect) {
    static uint8_t slow, quarter;
    PINA = _BV(0);
    if (++slow == TICK_HZ / 200) {
        slow = 0;
        PINA = _BV(6);
    }
    if ((++quarter & 63) == 0)
        PORTC |= _BV(0);
    else if ((quarter & 63) == 16)
        PORTC &= ~_BV(0);
}

int main(void) {
    reset_cause = MCUSR;
    MCUSR = 0;
    wdt_disable();
    DDRA = _BV(0) | _BV(6);
    DDRB = _BV(0) | _BV(1) | _BV(2) | _BV(4) | _BV(5);
    DDRC = _BV(0);
    DDRL = DDRK = _BV(0);
    PORTB = _BV(4) | _BV(5);
    PORTL = _BV(0);
    SPCR = _BV(SPE) | _BV(MSTR);
    ADCSRA = _BV(ADEN) | 7;
    UBRR0 = 7; /* 250000 baud */
    UCSR0A = _BV(U2X0);
    UCSR0B = _BV(RXEN0) | _BV(TXEN0);
    TCCR1B = _BV(WGM12) | _BV(CS10);
    OCR1A = F_CPU / TICK_HZ - 1;
    TIMSK1 = _BV(OCIE1A);
    sei();
    for (;;)
        if (UCSR0A & _BV(RXC0))
            obey(UDR0);
}
