/* Made from pinout.py by `make headers`: change it there. */
#ifndef PINOUT_H
#define PINOUT_H

#if defined(BOARD_MEGA2560)
#include "pinout_mega2560.h"
#elif defined(BOARD_UNO328P)
#include "pinout_uno328p.h"
#else
#error "say which board: -DBOARD_MEGA2560 or -DBOARD_UNO328P"
#endif

#endif
