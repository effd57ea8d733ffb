/* Rings of 256 bytes: their 8-bit indices wrap by themselves, and one reader and one writer need no lock. */
#include "uart.h"

#include <avr/interrupt.h>
#include <avr/io.h>

#include "generated/pinout.h"

#define DIVISOR (F_CPU / (16 * UART_BAUD))
_Static_assert(F_CPU % (16 * UART_BAUD) == 0, "the baud rate divides the clock without a rest");

#ifndef USART0_RX_vect /* a chip with one UART leaves its number away */
#define USART0_RX_vect USART_RX_vect
#define USART0_UDRE_vect USART_UDRE_vect
#endif

static volatile uint8_t received[256];
static volatile uint8_t received_head, received_tail;
static volatile uint8_t queued[256];
static volatile uint8_t queued_head, queued_tail;

void uart_begin(void)
{
    UBRR0 = DIVISOR - 1;
    UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
    UCSR0B = _BV(RXCIE0) | _BV(RXEN0) | _BV(TXEN0);
}

ISR(USART0_RX_vect)
{
    const uint8_t byte = UDR0;
    const uint8_t next = (uint8_t)(received_head + 1);

    if (next == received_tail)
        return;
    received[received_head] = byte;
    received_head = next;
}

ISR(USART0_UDRE_vect)
{
    if (queued_head == queued_tail)
        UCSR0B &= (uint8_t)~_BV(UDRIE0);
    else
        UDR0 = queued[queued_tail++];
}

bool uart_read(uint8_t *byte)
{
    if (received_head == received_tail)
        return false;
    *byte = received[received_tail];
    received_tail++;
    return true;
}

uint8_t uart_room(void)
{
    return (uint8_t)(queued_tail - queued_head - 1);
}

void uart_write(const uint8_t *data, uint8_t length)
{
    while (length--) {
        queued[queued_head] = *data++;
        queued_head++;
    }
    UCSR0B |= _BV(UDRIE0);
}
