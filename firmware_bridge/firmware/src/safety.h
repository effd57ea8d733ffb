/*
 * What drives the outputs safe and holds them there: dead-man, stop, temperature limits, broken sensors.
 * Pure: readings and the time come in.
 */
#ifndef SAFETY_H
#define SAFETY_H

#include <stdbool.h>
#include <stdint.h>

#include "generated/protocol.h"

/* What the board senses, in the numbers of the wire. */
struct readings {
    int16_t temperatures[WIRE_TEMPERATURES];
    uint16_t pressures[WIRE_PRESSURES];
    uint8_t digital_bits;
    bool stop_pressed;
    bool settled; /* every sensor has been read at least once since boot */
};

/* Nothing configured, nothing tripped. */
void safety_reset(void);

/*
 * The host has configured the board: it works from now on, and trips of limits kept from before are judged
 * anew.
 */
void safety_configured(void);

/* OUTPUTS have come: whether to obey them. Feeds the dead-man's switch. */
bool safety_admits(uint32_t now_ms);

/* A command was taken in full, or a part of it was held at a limit. */
void safety_note_limited(bool limited);

/* The host says stop. */
void safety_stop(uint32_t now_ms);

/* Leave the tripped state; false while a cause stands. */
bool safety_clear(const struct readings *readings);

/* Judge what is sensed, and the silence of the host. */
void safety_check(const struct readings *readings, uint32_t now_ms);

/* The bits of INPUTS. */
uint16_t safety_status(const struct readings *readings);

/* Fill in what FAULTS tells of trips. */
void safety_report(struct msg_faults_reply *reply);

#endif
