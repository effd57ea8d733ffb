/* Made from pinout.py by `make headers`: change it there. */
#ifndef PINOUT_UNO328P_H
#define PINOUT_UNO328P_H

#define FIRMWARE_NAME "uno328p 1.0"
#define UART_BAUD 250000UL
#define TICK_HZ 16000UL
#define HEATER_SLOT_MS 20
#define AXES 3
#define HEATERS 1
#define LAMPS 1
#define FREQUENCIES 1
#define DUTIES 0
#define TEMPERATURES 2
#define PRESSURES 1
#define DIGITALS 1

/* axis: high for one tick a step */
#define STEP_PINS(X) X(0, D, 2) X(1, D, 3) X(2, D, 4)

/* axis: high is forward */
#define DIRECTION_PINS(X) X(0, D, 5) X(1, D, 6) X(2, D, 7)

/* axis: low is enabled */
#define ENABLE_PINS(X) X(0, B, 0) X(1, B, 0) X(2, B, 0)

/* frequency output */
#define FREQUENCY_PINS(X) X(0, C, 2)

/* lamps, then duty outputs: high is on */
#define DIMMED_PINS(X) X(0, C, 3)

/* heater: high is on */
#define HEATER_PINS(X) X(0, B, 1)

/* port, and the bits of it that the tick's interrupt drives */
#define TICKED_PORTS(X) X(D, 0x1C) X(C, 0x0C)

/* digital input: low is active */
#define DIGITAL_PINS(X) X(0, C, 5)

/* the stop input: high is pressed */
#define STOP_PIN(X) X(0, C, 0)

/* temperature, channel of the ADC */
#define THERMISTORS(X) X(0, 1)

/* temperature, amplifier, select pin */
#define THERMOCOUPLES(X) X(1, MAX31855, B, 2)

/* pressure, channel of the ADC */
#define PRESSURE_SENSORS(X) X(0, 4)

/* clock, data out, own select */
#define SPI_OUTPUTS(X) X(0, B, 5) X(1, B, 3) X(2, B, 2)

/* data in */
#define SPI_INPUT(X) X(0, B, 4)

#endif
