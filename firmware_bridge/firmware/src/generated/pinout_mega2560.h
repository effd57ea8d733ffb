/* Made from pinout.py by `make headers`: change it there. */
#ifndef PINOUT_MEGA2560_H
#define PINOUT_MEGA2560_H

#define FIRMWARE_NAME "mega2560 1.0"
#define UART_BAUD 250000UL
#define TICK_HZ 16000UL
#define HEATER_SLOT_MS 20
#define AXES 6
#define HEATERS 2
#define LAMPS 1
#define FREQUENCIES 2
#define DUTIES 2
#define TEMPERATURES 4
#define PRESSURES 2
#define DIGITALS 4

/* axis: high for one tick a step */
#define STEP_PINS(X) X(0, A, 0) X(1, A, 1) X(2, A, 2) X(3, A, 3) X(4, A, 4) X(5, A, 5)

/* axis: high is forward */
#define DIRECTION_PINS(X) X(0, L, 0) X(1, L, 1) X(2, L, 2) X(3, L, 3) X(4, L, 4) X(5, L, 5)

/* axis: low is enabled */
#define ENABLE_PINS(X) X(0, K, 0) X(1, K, 1) X(2, K, 2) X(3, K, 3) X(4, K, 4) X(5, K, 5)

/* frequency output */
#define FREQUENCY_PINS(X) X(0, A, 6) X(1, A, 7)

/* lamps, then duty outputs: high is on */
#define DIMMED_PINS(X) X(0, C, 0) X(1, C, 1) X(2, C, 2)

/* heater: high is on */
#define HEATER_PINS(X) X(0, C, 3) X(1, C, 4)

/* port, and the bits of it that the tick's interrupt drives */
#define TICKED_PORTS(X) X(A, 0xFF) X(C, 0x07)

/* digital input: low is active */
#define DIGITAL_PINS(X) X(0, D, 0) X(1, D, 1) X(2, D, 2) X(3, D, 3)

/* the stop input: high is pressed */
#define STOP_PIN(X) X(0, E, 4)

/* temperature, channel of the ADC */
#define THERMISTORS(X) X(0, 0) X(1, 1)

/* temperature, amplifier, select pin */
#define THERMOCOUPLES(X) X(2, MAX31855, B, 4) X(3, MAX31856, B, 5)

/* pressure, channel of the ADC */
#define PRESSURE_SENSORS(X) X(0, 2) X(1, 3)

/* clock, data out, own select */
#define SPI_OUTPUTS(X) X(0, B, 1) X(1, B, 2) X(2, B, 0)

/* data in */
#define SPI_INPUT(X) X(0, B, 3)

#endif
