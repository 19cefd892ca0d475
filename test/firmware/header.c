/*
 * Uses everything that rivulet.h has: compiled by every compiler that a sender may be built with, and weighed on the
 * AVR. Compiled with NOTHING it is what a program takes without the header, with ONE_FIELD its command has one u8, and
 * of the replies it takes the class of a prediction.
 */
#ifndef NOTHING
#ifdef __AVR__
#include "rivulet-avr.h"
#else
#include "rivulet.h"
#endif

extern volatile uint8_t source[8];

static uint8_t bytes[RIVULET_ROOM(26)];
static rivulet_frame frame = RIVULET_FRAME(bytes);

#ifdef RIVULET_RECEIVE
static uint8_t command_bytes[RIVULET_PLAIN(18)];
static rivulet_command command = RIVULET_COMMAND(command_bytes);

static void obey(uint8_t byte) {
  if (!rivulet_receive(&command, byte)) return;
  source[0] = rivulet_get_u8(&command);
#ifndef ONE_FIELD
  source[1] = (uint8_t)rivulet_get_i8(&command);
  source[2] = (uint8_t)rivulet_get_u16(&command);
  source[3] = (uint8_t)rivulet_get_i16(&command);
  source[4] = (uint8_t)rivulet_get_u32(&command);
  source[5] = (uint8_t)rivulet_get_i32(&command);
  source[6] = (uint8_t)rivulet_get_f32(&command);
#endif
}
#endif

#ifdef RIVULET_REPLIES
static uint8_t reply_bytes[RIVULET_PLAIN(RIVULET_REPLY)];
static rivulet_command reply = RIVULET_COMMAND(reply_bytes);

static void hear(uint8_t byte) {
  switch (rivulet_receive_reply(&reply, byte)) {
    case RIVULET_PREDICTION:
      source[0] = (uint8_t)rivulet_get_u16(&reply);
      break;
#ifndef ONE_FIELD
    case RIVULET_SCORE:
      source[1] = (uint8_t)rivulet_get_f32(&reply);
      source[2] = (uint8_t)rivulet_get_f32(&reply);
      break;
    case RIVULET_ALARM:
      source[3] = (uint8_t)rivulet_get_u16(&reply);
      source[4] = (uint8_t)rivulet_get_u16(&reply);
      break;
#endif
  }
}
#endif

int main(void) {
#ifdef __AVR__
  rivulet_uart_start();
#endif
  for (;;) {
    rivulet_begin(&frame, source[0]);
    rivulet_u8(&frame, source[1]);
    rivulet_i8(&frame, (int8_t)source[2]);
    rivulet_u16(&frame, source[3]);
    rivulet_i16(&frame, source[4]);
    rivulet_u32(&frame, source[5]);
    rivulet_i32(&frame, source[6]);
    rivulet_f32(&frame, source[7]);
#ifndef __AVR__
    rivulet_f64(&frame, source[7]);
#endif
#ifdef __AVR__
    rivulet_uart_send(bytes, rivulet_end(&frame));
#else
    source[0] = (uint8_t)rivulet_end(&frame);
#endif
#ifdef RIVULET_RECEIVE
    obey(source[0]);
#endif
#ifdef RIVULET_REPLIES
    hear(source[0]);
#endif
  }
}

#else

#include <stdint.h>

extern volatile uint8_t source[8];

/* Reads and converts the same numbers: what the compiler's own library takes is not the header's. */
int main(void) {
  for (;;) {
    volatile float number = source[7];
    source[6] = (uint8_t)number;
  }
}

#endif

volatile uint8_t source[8];
