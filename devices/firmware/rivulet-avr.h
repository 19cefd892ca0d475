/*
 * The UART of an ATmega328P for the frames of rivulet.h: sends by interrupt, from a ring of 128 bytes.
 *
 *     rivulet_uart_start();                                once, with interrupts still off
 *     sei();
 *     ...
 *     rivulet_uart_send(bytes, rivulet_end(&frame));
 *
 * Nothing here ever waits: a frame for which the ring has no room is left out whole, and the gap in the sequence
 * numbers tells the host. Call from one place only (the main loop or one interrupt), not from both.
 *
 * Before including, BAUD may be set (115200 otherwise), and RIVULET_RING, a power of two up to 256; F_CPU comes from
 * the command line.
 */
#ifndef RIVULET_AVR_H
#define RIVULET_AVR_H

#include <avr/interrupt.h>
#include <avr/io.h>
#include "rivulet.h"

#ifndef BAUD
#define BAUD 115200
#endif
/* A 16 MHz clock misses 115200 by 2.1 %: inside what a UART takes (about 4 %), and what every Uno does. */
#define BAUD_TOL 3
#include <util/setbaud.h>

#ifndef RIVULET_RING
#define RIVULET_RING 128
#endif

static uint8_t rivulet_ring[RIVULET_RING];
static volatile uint8_t rivulet_head; /* behind the last whole frame; moved by rivulet_uart_send() */
static volatile uint8_t rivulet_tail; /* next byte to send; moved by the interrupt */

/* Hands bytes to the interrupt, all or none; gives whether there was room. */
static uint8_t rivulet_uart_send(const uint8_t *bytes, uint16_t length) {
  uint8_t head = rivulet_head;
  /* One place stays free, or a full ring would look like an empty one. */
  if (length == 0 || length > ((uint8_t)(rivulet_tail - head - 1) & (RIVULET_RING - 1))) return 0;
  do {
    rivulet_ring[head] = *bytes++;
    head = (head + 1) & (RIVULET_RING - 1);
  } while (--length);
  rivulet_head = head;
  UCSR0B |= _BV(UDRIE0);
  return 1;
}

/* Sets the UART up and sends one zero byte: it cuts off what a reset may have left half sent. */
static void rivulet_uart_start(void) {
  static const uint8_t zero = 0;
  UBRR0 = UBRR_VALUE;
  UCSR0A = USE_2X ? _BV(U2X0) : 0;
  UCSR0B = _BV(TXEN0) | _BV(RXEN0);
  rivulet_uart_send(&zero, 1);
}

/* Runs only while there is something to send, and switches itself off with the last byte. */
ISR(USART_UDRE_vect) {
  uint8_t tail = rivulet_tail;
  /* Empty already when it sent its last byte just as rivulet_uart_send() was switching it on. */
  if (tail != rivulet_head) {
    UDR0 = rivulet_ring[tail];
    tail = (tail + 1) & (RIVULET_RING - 1);
    rivulet_tail = tail;
  }
  if (tail == rivulet_head) UCSR0B &= ~_BV(UDRIE0);
}

#endif
