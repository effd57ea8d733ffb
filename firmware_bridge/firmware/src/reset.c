/* A bootloader may have cleared MCUSR before us; Optiboot hands what it read on in register r2. */
#include "reset.h"

#include <avr/io.h>
#include <avr/wdt.h>

#include "generated/protocol.h"

uint8_t bootloader_mcusr __attribute__((section(".noinit"))); /* written by start.S */

uint8_t reset_take_cause(void)
{
    const uint8_t flags = MCUSR != 0 ? MCUSR : bootloader_mcusr;

    MCUSR = 0;
    wdt_disable();
    if (flags & _BV(PORF)) /* the other flags mean nothing after it */
        return RESET_CAUSE_POWER_ON;
    if (flags & _BV(WDRF))
        return RESET_CAUSE_WATCHDOG;
    if (flags & _BV(BORF))
        return RESET_CAUSE_BROWN_OUT;
    return flags & _BV(EXTRF) ? RESET_CAUSE_EXTERNAL : RESET_CAUSE_UNKNOWN;
}

void watchdog_begin(void)
{
    wdt_enable(WDTO_250MS);
}

void watchdog_feed(void)
{
    wdt_reset();
}
