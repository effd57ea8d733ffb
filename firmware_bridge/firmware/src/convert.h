/* From what converters say to the numbers of the wire: 1/100 degC and 1/10 kPa. Pure, integers only. */
#ifndef CONVERT_H
#define CONVERT_H

#include <stdint.h>

/*
 * A sum of ADC_SAMPLES of the ADC at a thermistor; TEMPERATURE_ABSENT when it is shorted or its wire is
 * broken.
 */
int16_t thermistor_centi_c(uint16_t sum);

/* A sum of ADC_SAMPLES of the ADC at a pressure transducer; PRESSURE_ABSENT near a rail. */
uint16_t pressure_deci_kpa(uint16_t sum);

/* The 32 bits of a MAX31855; TEMPERATURE_ABSENT for any of its faults, and where none answers. */
int16_t max31855_centi_c(uint32_t frame);

/*
 * The linearised temperature (24 bits) and the fault status of a MAX31856; TEMPERATURE_ABSENT for any fault.
 */
int16_t max31856_centi_c(uint32_t linearised, uint8_t faults);

#endif
