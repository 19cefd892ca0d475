/*
 * rivulet.h at the end of a pipe, for frames.test.ts. Standard input is a series of layouts:
 *
 *     u16 count of fields | count bytes, each the code of a type | u32 count of what follows
 *
 * frames encode   follows: u16 sequence | u32 milliseconds | the fields' bytes, for each frame
 *                 writes: the frames
 * frames decode   follows: bytes from the line
 *                 writes: 1 | u16 sequence | u32 milliseconds | the fields' bytes, for each frame that is taken,
 *                 and 0 when the layout is over
 * frames replies  the same for replies, whatever the layout: type | u16 sequence | u32 milliseconds | 8 bytes of fields
 *
 * Numbers are those of this machine.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(int byte) { putchar(byte); }

#define RIVULET_RECEIVE
#define RIVULET_REPLIES
#define RIVULET_WRITE_BYTE(byte) put(byte)
#include "rivulet.h"

enum { F32, F64, I8, U8, I16, U16, I32, U32 };

/* The longest that frames.test.ts sends; allocated exactly, so that the sanitizer sees a byte too many. */
static uint8_t types[65536];
static unsigned fields;

static void read_exactly(void *to, size_t bytes) {
  if (fread(to, 1, bytes, stdin) != bytes) {
    fprintf(stderr, "the input ends in the middle\n");
    exit(1);
  }
}

static unsigned field_bytes(void) {
  static const unsigned sizes[] = {4, 8, 1, 1, 2, 2, 4, 4};
  unsigned bytes = 0, at;
  for (at = 0; at < fields; at++) bytes += sizes[types[at]];
  return bytes;
}

#define SEND(type, name) { type value; read_exactly(&value, sizeof value); rivulet_##name(&frame, value); break; }

static void encode(uint32_t count) {
  unsigned room = RIVULET_ROOM(field_bytes()), at;
  rivulet_frame frame = {malloc(room), (uint16_t)room, 0, 0, 0, 0};
  while (count-- > 0) {
    uint32_t milliseconds;
    read_exactly(&frame.sequence, sizeof frame.sequence);
    read_exactly(&milliseconds, sizeof milliseconds);
    rivulet_begin(&frame, milliseconds);
    for (at = 0; at < fields; at++) {
      switch (types[at]) {
        case F32: SEND(float, f32)
        case F64: SEND(double, f64)
        case I8: SEND(int8_t, i8)
        case U8: SEND(uint8_t, u8)
        case I16: SEND(int16_t, i16)
        case U16: SEND(uint16_t, u16)
        case I32: SEND(int32_t, i32)
        case U32: SEND(uint32_t, u32)
      }
    }
    rivulet_send(&frame);
  }
  free(frame.bytes);
}

#define TAKE(type, name) { type value = rivulet_get_##name(&command); fwrite(&value, 1, sizeof value, stdout); break; }

static void decode(uint32_t count) {
  unsigned room = RIVULET_PLAIN(field_bytes()), at;
  rivulet_command command = {malloc(room), (uint16_t)room, 0, 0, 0, 0, 0, 0};
  while (count-- > 0) {
    uint8_t byte;
    read_exactly(&byte, 1);
    if (!rivulet_receive(&command, byte)) continue;
    putchar(1);
    fwrite(&command.sequence, 1, 2, stdout);
    fwrite(&command.milliseconds, 1, 4, stdout);
    for (at = 0; at < fields; at++) {
      switch (types[at]) {
        case F32: TAKE(float, f32)
        case F64: TAKE(double, f64)
        case I8: TAKE(int8_t, i8)
        case U8: TAKE(uint8_t, u8)
        case I16: TAKE(int16_t, i16)
        case U16: TAKE(uint16_t, u16)
        case I32: TAKE(int32_t, i32)
        case U32: TAKE(uint32_t, u32)
      }
    }
  }
  putchar(0);
  free(command.bytes);
}

static void put_u16(uint16_t value) { fwrite(&value, sizeof value, 1, stdout); }
static void put_f32(float value) { fwrite(&value, sizeof value, 1, stdout); }

static void replies(uint32_t count) {
  unsigned room = RIVULET_PLAIN(RIVULET_REPLY);
  rivulet_command reply = {malloc(room), (uint16_t)room, 0, 0, 0, 0, 0, 0};
  while (count-- > 0) {
    uint8_t byte, type;
    read_exactly(&byte, 1);
    type = rivulet_receive_reply(&reply, byte);
    if (type == 0) continue;
    putchar(type);
    fwrite(&reply.sequence, 1, 2, stdout);
    fwrite(&reply.milliseconds, 1, 4, stdout);
    if (type == RIVULET_SCORE) {
      put_f32(rivulet_get_f32(&reply));
    } else {
      put_u16(rivulet_get_u16(&reply));
      put_u16(rivulet_get_u16(&reply));
    }
    put_f32(rivulet_get_f32(&reply));
  }
  putchar(0);
  free(reply.bytes);
}

int main(int count, char **words) {
  uint16_t following;
  if (count != 2) return 2;
  while (fread(&following, 1, 2, stdin) == 2) {
    uint32_t items;
    fields = following;
    read_exactly(types, fields);
    read_exactly(&items, sizeof items);
    if (strcmp(words[1], "encode") == 0)
      encode(items);
    else if (strcmp(words[1], "replies") == 0)
      replies(items);
    else
      decode(items);
  }
  return 0;
}
