/*
 * A diaphragm pump on a test bench, simulated: one sample a stroke, 250 strokes a second. What it sends and
 * what there is to learn: ../README.md. For an ATmega328P at 16 MHz (Arduino Uno, Nano).
 */
#include <avr/sleep.h>
#include "../rivulet-avr.h"

#define STROKES_PER_SECOND 250
#define STROKES_PER_RULE 2500 /* 10 s; then the valve is turned round and the rule with it */

/* The true state of a stroke: how far each quantity is from its operating point, -FULL to FULL. */
#define FULL 1024
#define LEAST 80 /* flow and pressure keep at least this far away */
#define WORN 560 /* shaking beyond this is wear, at the temperature the bearing is made for */
#define NOISE 72 /* standard deviation of what a sensor adds */

enum { STEADY, SLIPPING, WORN_OUT };

static uint8_t bytes[RIVULET_ROOM(9)];
static rivulet_frame frame = RIVULET_FRAME(bytes);

static volatile uint8_t strokes_due;

ISR(TIMER1_COMPA_vect) { strokes_due++; }

/* The host's command: '1' switches the LED of the board on, '0' off. */
ISR(USART_RX_vect) {
  uint8_t command = UDR0;
  if (command == '1') PORTB |= _BV(PORTB5);
  if (command == '0') PORTB &= ~_BV(PORTB5);
}

/* Marsaglia, "Xorshift RNGs" (2003): 32 bits, triple 13, 17, 5. */
static uint16_t random16(void) {
  static uint32_t x = 2463534242;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return x;
}

/* Uniform in 0 .. bound - 1. */
static uint16_t below(uint16_t bound) { return ((uint32_t)random16() * bound) >> 16; }

/* Uniform in -half .. half. */
static int16_t around(uint16_t half) { return (int16_t)below(2 * half + 1) - (int16_t)half; }

/* Nearly normal: three uniforms of +-NOISE have a standard deviation of NOISE. */
static int16_t noise(void) { return around(NOISE) + around(NOISE) + around(NOISE); }

/* A stroke is a strong or a weak one, seldom just between. */
static int16_t strong_or_weak(void) {
  int16_t size = LEAST + below(FULL + 1 - LEAST);
  return random16() & 1 ? size : -size;
}

/* A triangular wave between -height and height; 256 of `phase` make a period. */
static int16_t wave(uint8_t phase, uint8_t height) {
  uint8_t slope = phase & 0x80 ? ~phase : phase;
  return (int16_t)((uint16_t)slope * height >> 6) - height;
}

/* What a sensor reads: its operating point, and `range` (a multiple of 4) for a deviation of FULL. */
static uint16_t reading(uint16_t point, uint16_t range, int16_t state) {
  return point + (int16_t)((int32_t)(state + noise()) * (range / 4) >> 8);
}

static uint8_t classify(int16_t flow, int16_t pressure, int16_t temperature, int16_t vibration, uint8_t reversed) {
  int16_t strain = (temperature < 0 ? -temperature : temperature) / 2;
  if (vibration + strain > WORN) return WORN_OUT;
  uint8_t together = (flow > 0) == (pressure > 0);
  return together != reversed ? STEADY : SLIPPING;
}

static void stroke(uint32_t milliseconds) {
  static uint16_t strokes; /* since the rule changed */
  static uint16_t phase;   /* of the waves on which the operating points drift: a minute to make a round */
  static uint8_t reversed;

  int16_t flow = strong_or_weak();
  int16_t pressure = strong_or_weak();
  int16_t temperature = around(700) + wave(phase >> 8, 255);
  int16_t vibration = around(FULL);
  uint8_t label = classify(flow, pressure, temperature, vibration, reversed);

  rivulet_begin(&frame, milliseconds);
  rivulet_i16(&frame, reading(3500, 500, temperature));
  rivulet_u16(&frame, reading(600, 300, flow + wave(3 * phase >> 8, 60)));
  rivulet_u16(&frame, reading(2100, 1500, pressure + wave(2 * phase >> 8, 60)));
  rivulet_u16(&frame, reading(500, 300, vibration));
  rivulet_u8(&frame, label);
  rivulet_uart_send(bytes, rivulet_end(&frame));

  phase += 4; /* a round in 16384 strokes, 66 s */
  if (++strokes == STROKES_PER_RULE) {
    strokes = 0;
    reversed = !reversed;
  }
}

int main(void) {
  uint32_t milliseconds = 0;

  DDRB |= _BV(DDB5);
  rivulet_uart_start();
  UCSR0B |= _BV(RXCIE0);
  OCR1A = F_CPU / 256 / STROKES_PER_SECOND - 1;
  TIMSK1 = _BV(OCIE1A);
  TCCR1B = _BV(WGM12) | _BV(CS12); /* count to OCR1A, clock / 256 */
  sleep_enable(); /* idle mode: timer and UART go on and wake it */

  for (;;) {
    cli();
    if (strokes_due == 0) {
      sei(); /* takes effect after the next instruction: no stroke can slip in before the sleep */
      sleep_cpu();
      continue;
    }
    strokes_due--;
    sei();
    milliseconds += 1000 / STROKES_PER_SECOND;
    stroke(milliseconds);
  }
}
