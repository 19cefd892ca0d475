/*
 * Two analog sensors and a button to label by hand, 500 samples a second: plain avr-libc, for an ATmega328P at
 * 16 MHz (Arduino Uno, Nano). Learns with avr.yaml.
 *
 *     A0   light: photoresistor from 5 V to A0, 10 kΩ from A0 to ground
 *     A1   vibration: piezo disc to ground with 1 MΩ across it, 10 kΩ between it and A1
 *     D8   push button to ground; pressed is class 1, released class 0
 *     D13  the board's LED: lit while the host predicts class 1
 */
#include <avr/sleep.h>
#define RIVULET_REPLIES
#include "../rivulet-avr.h"

#define SAMPLES_PER_SECOND 500

static uint8_t bytes[RIVULET_ROOM(5)];
static rivulet_frame frame = RIVULET_FRAME(bytes);

static uint8_t reply_bytes[RIVULET_PLAIN(RIVULET_REPLY)];
static rivulet_command reply = RIVULET_COMMAND(reply_bytes);

static volatile uint8_t samples_due;

ISR(TIMER1_COMPA_vect) { samples_due++; }

ISR(USART_RX_vect) {
  if (rivulet_receive_reply(&reply, UDR0) != RIVULET_PREDICTION) return;
  if (rivulet_get_u16(&reply) == 1)
    PORTB |= _BV(PORTB5);
  else
    PORTB &= ~_BV(PORTB5);
}

/* 0 to 1023 for 0 to 5 V; takes 104 us. */
static uint16_t read_analog(uint8_t channel) {
  ADMUX = _BV(REFS0) | channel;
  ADCSRA |= _BV(ADSC);
  while (ADCSRA & _BV(ADSC)) {
  }
  return ADC;
}

static void sample(uint32_t milliseconds) {
  uint8_t pressed = !(PINB & _BV(PINB0));

  rivulet_begin(&frame, milliseconds);
  rivulet_u16(&frame, read_analog(0));
  rivulet_u16(&frame, read_analog(1));
  rivulet_u8(&frame, pressed);
  rivulet_uart_send(bytes, rivulet_end(&frame));
}

int main(void) {
  uint32_t milliseconds = 0;

  DDRB = _BV(DDB5);
  PORTB = _BV(PORTB0);                                       /* the button's pull-up */
  ADCSRA = _BV(ADEN) | _BV(ADPS2) | _BV(ADPS1) | _BV(ADPS0); /* 125 kHz */
  rivulet_uart_start();
  UCSR0B |= _BV(RXCIE0);
  OCR1A = F_CPU / 64 / SAMPLES_PER_SECOND - 1;
  TIMSK1 = _BV(OCIE1A);
  TCCR1B = _BV(WGM12) | _BV(CS11) | _BV(CS10); /* count to OCR1A, clock / 64 */
  sleep_enable();                              /* idle mode: timer and UART go on and wake it */

  for (;;) {
    cli();
    if (samples_due == 0) {
      sei(); /* takes effect after the next instruction: no sample can slip in before the sleep */
      sleep_cpu();
      continue;
    }
    samples_due--;
    sei();
    milliseconds += 1000 / SAMPLES_PER_SECOND;
    sample(milliseconds);
  }
}
