/* The line to the host: 8 data bits, no parity, one stop bit, through two rings that interrupts serve. */
#ifndef UART_H
#define UART_H

#include <stdbool.h>
#include <stdint.h>

void uart_begin(void);

/*
 * Take the oldest byte received; false when there is none. What finds the ring full is lost: a damaged
 * frame.
 */
bool uart_read(uint8_t *byte);

/* Bytes that `uart_write` would take now. */
uint8_t uart_room(void);

/* Queue bytes to send; at most as many as there is room for. */
void uart_write(const uint8_t *data, uint8_t length);

#endif
