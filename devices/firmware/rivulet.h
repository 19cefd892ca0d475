/*
 * Sends samples to Rivulet over the UART of an ATmega328P. One header, no heap, 128 bytes of buffer.
 *
 *     rivulet_start();                  once, with interrupts still off
 *     sei();
 *     ...
 *     rivulet_begin(milliseconds);      then the fields, in the order of the config
 *     rivulet_i16(temperature);
 *     rivulet_u8(label);
 *     rivulet_end();                    closes the frame and hands it to the interrupt
 *
 * A frame, before COBS takes the zero bytes out of it and one zero byte closes it:
 *
 *     u8 type=1 | u8 reserved=0 | u16 sequence | u32 milliseconds | fields | u16 CRC-16/CCITT-FALSE
 *
 * everything little-endian and packed. Nothing here ever waits: a frame for which the buffer has no room is
 * left out whole, and the gap in the sequence numbers tells the host. Call from one place only (the main
 * loop or one interrupt), not from both.
 *
 * Before including, BAUD may be set (115200 otherwise); F_CPU comes from the command line.
 */
#ifndef RIVULET_H
#define RIVULET_H

#include <avr/interrupt.h>
#include <avr/io.h>
#include <stdint.h>
#include <util/crc16.h>

#ifndef BAUD
#define BAUD 115200
#endif
/* A 16 MHz clock misses 115200 by 2.1 %: inside what a UART takes (about 4 %), and what every Uno does. */
#define BAUD_TOL 3
#include <util/setbaud.h>

#define RIVULET_BUFFER 128 /* a power of two; below 254, so that no COBS block can ever be full */

static uint8_t rivulet_buffer[RIVULET_BUFFER];
static volatile uint8_t rivulet_head; /* behind the last finished frame; moved by rivulet_end() */
static volatile uint8_t rivulet_tail; /* next byte to send; moved by the interrupt */
static uint8_t rivulet_write;         /* next free place of the frame being built */
static uint8_t rivulet_block;         /* where the length of the open COBS block belongs */
static uint8_t rivulet_overflow;      /* the frame being built has found no room */
static uint16_t rivulet_sequence;
static uint16_t rivulet_crc;

/* Stores one byte as it is. */
static void rivulet_store(uint8_t byte) {
  uint8_t next = (rivulet_write + 1) & (RIVULET_BUFFER - 1);
  if (next == rivulet_tail) {
    rivulet_overflow = 1;
    return;
  }
  rivulet_buffer[rivulet_write] = byte;
  rivulet_write = next;
}

/* Closes the COBS block that is open and opens the next: its first byte, filled in later, is its length. */
static void rivulet_next_block(void) {
  rivulet_buffer[rivulet_block] = (rivulet_write - rivulet_block) & (RIVULET_BUFFER - 1);
  rivulet_block = rivulet_write;
  rivulet_store(0);
}

static void rivulet_stuff(uint8_t byte) {
  if (rivulet_overflow) return;
  if (byte == 0)
    rivulet_next_block();
  else
    rivulet_store(byte);
}

static void rivulet_u8(uint8_t value) {
  rivulet_crc = _crc_xmodem_update(rivulet_crc, value); /* same polynomial; CCITT-FALSE starts at 0xffff */
  rivulet_stuff(value);
}

static inline void rivulet_u16(uint16_t value) {
  rivulet_u8(value);
  rivulet_u8(value >> 8);
}

static inline void rivulet_u32(uint32_t value) {
  rivulet_u16(value);
  rivulet_u16(value >> 16);
}

static inline void rivulet_i16(int16_t value) { rivulet_u16(value); }

/* Opens a frame. */
static void rivulet_begin(uint32_t milliseconds) {
  rivulet_overflow = 0;
  rivulet_write = rivulet_head;
  rivulet_block = rivulet_write;
  rivulet_store(0);
  rivulet_crc = 0xffff;
  rivulet_u8(1);
  rivulet_u8(0);
  rivulet_u16(rivulet_sequence++);
  rivulet_u32(milliseconds);
}

/* Closes the frame and lets the interrupt send it. */
static void rivulet_end(void) {
  uint16_t crc = rivulet_crc;
  rivulet_u16(crc);
  if (!rivulet_overflow) rivulet_next_block(); /* its first byte is the zero that closes the frame */
  if (rivulet_overflow) return;
  rivulet_head = rivulet_write;
  UCSR0B |= _BV(UDRIE0);
}

/* Sets the UART up and sends one zero byte: it cuts off what a reset may have left half sent. */
static void rivulet_start(void) {
  UBRR0 = UBRR_VALUE;
  UCSR0A = USE_2X ? _BV(U2X0) : 0;
  UCSR0B = _BV(TXEN0) | _BV(RXEN0);
  rivulet_store(0);
  rivulet_head = rivulet_write;
  UCSR0B |= _BV(UDRIE0);
}

/* Runs only while there is something to send, and switches itself off with the last byte. */
ISR(USART_UDRE_vect) {
  uint8_t tail = rivulet_tail;
  UDR0 = rivulet_buffer[tail];
  tail = (tail + 1) & (RIVULET_BUFFER - 1);
  rivulet_tail = tail;
  if (tail == rivulet_head) UCSR0B &= ~_BV(UDRIE0);
}

#endif
