/*
 * A motor at 1500 revolutions a minute, simulated: acceleration in three axes, 800 rows a second, sixteen a frame. After ten
 * minutes a pit in its bearing begins to knock, a little harder each second. For an ATmega328P at 16 MHz (Arduino Uno,
 * Nano); watched with ../../examples/vibration.yaml. The host may send '1', which makes the pit at once, and '0', which
 * repairs the bearing.
 */
#define RIVULET_RING 256
#include <avr/sleep.h>
#include "../rivulet-avr.h"

#define ROWS_PER_SECOND 800
#define ROWS 16
#define PIT_AFTER (600UL * ROWS_PER_SECOND)
#define HARDEST 1200 /* of a knock, in mg */
#define NOISE 20     /* three of it have a standard deviation of NOISE mg */

/* Phases are 65536 to a round: what a row adds for so many rounds a second. */
#define STEP(rounds) ((uint16_t)(65536UL * (rounds) / ROWS_PER_SECOND))

static uint8_t bytes[RIVULET_ROOM(RIVULET_ROWS(ROWS, 6))];
static rivulet_frame frame = RIVULET_FRAME(bytes);
static volatile uint8_t rows_due;
static volatile uint8_t command;

ISR(TIMER1_COMPA_vect) { rows_due++; }
ISR(USART_RX_vect) { command = UDR0; }

/* Marsaglia, "Xorshift RNGs" (2003): 32 bits, triple 13, 17, 5. */
static uint16_t random16(void) {
  static uint32_t x = 2463534242;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return x;
}

static int16_t around(uint8_t half) { return (int16_t)(((uint32_t)random16() * (2 * half + 1)) >> 16) - half; }
static int16_t noise(void) { return around(NOISE) + around(NOISE) + around(NOISE); }

/* Nearly a sine of -256 to 256: a parabola for each half of the round. */
static int16_t sine(uint16_t phase) {
  uint8_t half = (phase >> 8) & 0x7f;
  int16_t height = ((uint16_t)half * (128 - half)) >> 4;
  return phase & 0x8000 ? -height : height;
}

static void row(void) {
  static uint32_t rows;
  static uint16_t shaft, balls, load, strength;
  static int16_t knock;
  int16_t swing = 150 + (sine(load >> 3) >> 3); /* the load comes and goes within minutes */

  if (command == '1' && strength < HARDEST / 2) strength = HARDEST / 2;
  if (command == '0') strength = rows = 0;
  command = 0;
  if (++rows >= PIT_AFTER && strength < HARDEST && (rows & 0x1ff) == 0) strength++;

  shaft += STEP(25);
  if ((rows & 3) == 0) load++;
  balls += STEP(89); /* balls that pass the pit in a second */
  if (balls < STEP(89)) knock = strength;
  knock = -(knock - (knock >> 2)); /* rings, and dies away */

  rivulet_i16(&frame, (int16_t)((int32_t)sine(shaft) * swing >> 8) + noise() + knock);
  rivulet_i16(&frame, (int16_t)((int32_t)sine(shaft + 16384) * swing >> 8) + noise() + (knock >> 2));
  rivulet_i16(&frame, 1000 + (sine(2 * shaft) >> 3) + noise() + (knock >> 1));
}

int main(void) {
  uint32_t milliseconds = 0;
  uint8_t rows = 0;

  rivulet_uart_start();
  UCSR0B |= _BV(RXCIE0);
  OCR1A = F_CPU / 8 / ROWS_PER_SECOND - 1;
  TIMSK1 = _BV(OCIE1A);
  TCCR1B = _BV(WGM12) | _BV(CS11); /* count to OCR1A, clock / 8 */
  sleep_enable();

  for (;;) {
    cli();
    if (rows_due == 0) {
      sei(); /* takes effect after the next instruction: no row can slip in before the sleep */
      sleep_cpu();
      continue;
    }
    rows_due--;
    sei();
    if (rows == 0) rivulet_begin_rows(&frame, milliseconds, ROWS, 1000000UL / ROWS_PER_SECOND);
    row();
    if (++rows < ROWS) continue;
    rows = 0;
    milliseconds += 1000UL * ROWS / ROWS_PER_SECOND;
    rivulet_uart_send(bytes, rivulet_end_rows(&frame, ROWS));
  }
}
