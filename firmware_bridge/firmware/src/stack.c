/* No heap: between the end of the variables and the stack there is nothing else. */
#include "stack.h"

#include <avr/io.h>
#include <stdint.h>

#define GUARD_BYTES 4

extern uint8_t _end[]; /* of the variables, by the linker */

void stack_paint(void)
{
    /* What this function itself has pushed lies above the stack pointer. */
    for (volatile uint8_t *byte = _end; byte < (volatile uint8_t *)SP; byte++)
        *byte = STACK_PAINT;
}

bool stack_is_intact(void)
{
    for (uint8_t i = 0; i < GUARD_BYTES; i++) {
        if (_end[i] != STACK_PAINT)
            return false;
    }
    return true;
}
