/*
 * Two analog accelerometers of three axes (ADXL335 or such), 1600 rows a second, for an ATmega328P at 16 MHz (Arduino
 * Uno, Nano): sixteen rows a frame, because frames of one row would not fit the line. Learns with motion.yaml.
 *
 *     A0 to A5   x, y, z of the first, then of the second
 *     D8         push button to ground; pressed is class 1, released class 0
 */
#define BAUD 250000 /* what 16 MHz gives without an error */
#define RIVULET_RING 256
#include <avr/sleep.h>
#include "../rivulet-avr.h"

#define ROWS_PER_SECOND 1600
#define ROWS 16
#define AXES 6

static uint8_t bytes[RIVULET_ROOM(RIVULET_ROWS(ROWS, 2 * AXES + 1))];
static rivulet_frame frame = RIVULET_FRAME(bytes);
static volatile uint8_t rows_due;

ISR(TIMER1_COMPA_vect) { rows_due++; }

/* 0 to 1023 for 0 to 5 V; takes 13 us, a little less exact than at the usual 104 us. */
static uint16_t read_analog(uint8_t channel) {
  ADMUX = _BV(REFS0) | channel;
  ADCSRA |= _BV(ADSC);
  while (ADCSRA & _BV(ADSC)) {
  }
  return ADC;
}

static void row(void) {
  uint8_t axis;
  for (axis = 0; axis < AXES; axis++) rivulet_u16(&frame, read_analog(axis));
  rivulet_u8(&frame, !(PINB & _BV(PINB0)));
}

int main(void) {
  uint32_t milliseconds = 0;
  uint8_t rows = 0;

  PORTB = _BV(PORTB0);                   /* the button's pull-up */
  ADCSRA = _BV(ADEN) | _BV(ADPS2);       /* 1 MHz */
  rivulet_uart_start();
  OCR1A = F_CPU / 8 / ROWS_PER_SECOND - 1;
  TIMSK1 = _BV(OCIE1A);
  TCCR1B = _BV(WGM12) | _BV(CS11);       /* count to OCR1A, clock / 8 */
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
