/*
 * Frames for Rivulet: what a sender needs, in one header. C99 or C++, any processor; no heap, no standard
 * library, no tables, and no input or output: the bytes of a frame go where the sender puts them.
 *
 *     #include "rivulet.h"
 *
 *     static uint8_t bytes[RIVULET_ROOM(3)];                    3 bytes of fields: an i16 and a u8
 *     static rivulet_frame frame = RIVULET_FRAME(bytes);
 *
 *     rivulet_begin(&frame, milliseconds);                      then the fields, in the order of the config
 *     rivulet_i16(&frame, temperature);
 *     rivulet_u8(&frame, label);
 *     write(bytes, rivulet_end(&frame));                        the length; 0 when the buffer was too short
 *
 * A frame, before COBS takes the zero bytes out of it and one zero byte closes it:
 *
 *     u8 type=1 | u8 reserved=0 | u16 sequence | u32 milliseconds | fields | CRC
 *
 * everything little-endian and packed. rivulet_end() counts the sequence whether or not the frame is then sent: the
 * gap tells the host of what was left out. Send one zero byte before the first frame; it cuts off what a reset may
 * have left half sent.
 *
 * Where a sensor measures often, a frame carries several rows at one interval, so that the header and the checksum are
 * sent once for all of them; a row has the fields of a sample, and a sequence number of its own:
 *
 *     static uint8_t bytes[RIVULET_ROOM(RIVULET_ROWS(16, 12))]; 16 rows of 12 bytes of fields
 *
 *     rivulet_begin_rows(&frame, milliseconds, 16, 625);        the time of the first row, and microseconds between two
 *     for (row = 0; row < 16; row++) ...                        the fields of each
 *     write(bytes, rivulet_end_rows(&frame, 16));
 *
 *     u8 type=5 | u8 rows | u16 sequence | u32 milliseconds | u16 microseconds | fields of each row | CRC
 *
 * To be set before including:
 *
 *     RIVULET_CRC 16        (default) CRC-16/IBM-3740, also called CCITT-FALSE
 *     RIVULET_CRC 32        CRC-32/ISO-HDLC; the config says `crc: 32`
 *     RIVULET_RECEIVE       adds the way back: commands from the host, see the end of this file
 *     RIVULET_REPLIES       adds what `rivulet run` tells of the samples: predictions, scores and alarms, likewise
 *     RIVULET_WRITE(bytes, length)   sends a block, or
 *     RIVULET_WRITE_BYTE(byte)       sends a byte: either adds rivulet_send(&frame), which ends a frame and writes it
 */
#ifndef RIVULET_H
#define RIVULET_H

#include <float.h>
#include <stdint.h>

#ifndef RIVULET_CRC
#define RIVULET_CRC 16
#endif

/* Types of frames: samples and commands are of the first, replies of the others. */
#define RIVULET_SAMPLE 1
#define RIVULET_PREDICTION 2
#define RIVULET_SCORE 3
#define RIVULET_ALARM 4
#define RIVULET_SAMPLES 5

#define RIVULET_HEADER 8  /* bytes before the fields */
#define RIVULET_REPLY 8   /* bytes of fields of every reply */
#define RIVULET_BLOCK 255 /* the length byte of the longest COBS block: itself and 254 bytes */

/* What RIVULET_ROOM takes for a frame of several rows: the interval, and the fields of each. At most 2048. */
#define RIVULET_ROWS(rows, field_bytes) (2 + (rows) * (field_bytes))

/* Bytes of a frame before COBS. */
#define RIVULET_PLAIN(field_bytes) (RIVULET_HEADER + (field_bytes) + RIVULET_CRC / 8)

/* Bytes of buffer for a frame with so many bytes of fields: a length byte for every 254, and the closing zero. */
#define RIVULET_ROOM(field_bytes) (RIVULET_PLAIN(field_bytes) + (RIVULET_PLAIN(field_bytes) + 253) / 254 + 1)

#if RIVULET_CRC == 16

typedef uint16_t rivulet_crc;
#define RIVULET_CRC_START 0xffffu
#define RIVULET_CRC_FINISH 0u

/*
 * Polynomial x^16 + x^12 + x^5 + 1, most significant bit first. A byte t leaves the top of the register as
 * t x^16 = t x^12 + t x^5 + t. The upper four bits of t, h, make t x^12 reach x^16 again, and leave once more as
 * h x^12 + h x^5 + h: in all s x^12 + s x^5 + s, with s = t + h. No loop over bits, and no table.
 */
static inline rivulet_crc rivulet_crc_add(rivulet_crc crc, uint8_t byte) {
  uint8_t s = (uint8_t)(crc >> 8) ^ byte;
  s ^= (uint8_t)(s >> 4);
  return (rivulet_crc)((rivulet_crc)(crc << 8) ^ (uint16_t)((uint16_t)s << 12) ^ (uint16_t)((uint16_t)s << 5) ^ s);
}

#elif RIVULET_CRC == 32

typedef uint32_t rivulet_crc;
#define RIVULET_CRC_START 0xffffffffu
#define RIVULET_CRC_FINISH 0xffffffffu

/* Polynomial 0x04c11db7, least significant bit first, so that it stands mirrored here. */
static inline rivulet_crc rivulet_crc_add(rivulet_crc crc, uint8_t byte) {
  uint8_t bit;
  crc ^= byte;
  for (bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0xedb88320u : crc >> 1;
  return crc;
}

#else
#error "RIVULET_CRC is the number of bits of the checksum: 16 or 32"
#endif

/* ---- sending ---- */

typedef struct {
  uint8_t *bytes;    /* the buffer: after rivulet_end() the frame as it goes on the wire */
  uint16_t room;     /* of the buffer */
  uint16_t length;   /* of what has been written */
  uint16_t block;    /* where the length of the open COBS block belongs */
  uint16_t sequence; /* of this frame, or between two of the next */
  rivulet_crc crc;
} rivulet_frame;

/* What a rivulet_frame starts as; `buffer` is an array of at most 65535 bytes, best of RIVULET_ROOM(...). */
#define RIVULET_FRAME(buffer) { buffer, sizeof(buffer), 0, 0, 0, RIVULET_CRC_START }

/*
 * Consistent overhead byte stuffing (S. Cheshire and M. Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM
 * Transactions on Networking 7(2), 1999), in one pass: a zero is stored where it comes, and its place is where the
 * next block's length will stand. Once the buffer is full nothing is stored any more, not even the closing zero, and
 * so rivulet_end() knows.
 */
static inline void rivulet_store(rivulet_frame *frame, uint8_t byte) {
  uint16_t at = frame->length;
  if (at == frame->room) return;
  frame->bytes[at] = byte;
  frame->length = (uint16_t)(at + 1);
  if (byte == 0) {
    frame->bytes[frame->block] = (uint8_t)(at - frame->block);
    frame->block = at;
  }
}

static inline void rivulet_u8(rivulet_frame *frame, uint8_t value) {
  frame->crc = rivulet_crc_add(frame->crc, value);
  /* The longest block stands for no zero, and is closed only when another byte comes. */
  if ((uint16_t)(frame->length - frame->block) == RIVULET_BLOCK) rivulet_store(frame, 0);
  rivulet_store(frame, value);
}

static inline void rivulet_u16(rivulet_frame *frame, uint16_t value) {
  rivulet_u8(frame, (uint8_t)value);
  rivulet_u8(frame, (uint8_t)(value >> 8));
}

static inline void rivulet_u32(rivulet_frame *frame, uint32_t value) {
  rivulet_u16(frame, (uint16_t)value);
  rivulet_u16(frame, (uint16_t)(value >> 16));
}

static inline void rivulet_i8(rivulet_frame *frame, int8_t value) { rivulet_u8(frame, (uint8_t)value); }

static inline void rivulet_i16(rivulet_frame *frame, int16_t value) { rivulet_u16(frame, (uint16_t)value); }

static inline void rivulet_i32(rivulet_frame *frame, int32_t value) { rivulet_u32(frame, (uint32_t)value); }

/* The bytes of a number as those of another; memcpy would be the standard library's. */
static inline void rivulet_same_bytes(void *to, const void *from, uint8_t count) {
  uint8_t at;
  for (at = 0; at < count; at++) ((uint8_t *)to)[at] = ((const uint8_t *)from)[at];
}

static inline void rivulet_f32(rivulet_frame *frame, float value) {
  uint32_t bits;
  rivulet_same_bytes(&bits, &value, sizeof bits);
  rivulet_u32(frame, bits);
}

/* On an AVR a double has 4 bytes: there is no f64, send an f32. */
#if DBL_MANT_DIG == 53
static inline void rivulet_f64(rivulet_frame *frame, double value) {
  uint64_t bits;
  rivulet_same_bytes(&bits, &value, sizeof bits);
  rivulet_u32(frame, (uint32_t)bits);
  rivulet_u32(frame, (uint32_t)(bits >> 32));
}
#endif

/* Opens a frame. */
static inline void rivulet_begin(rivulet_frame *frame, uint32_t milliseconds) {
  frame->length = 0;
  frame->block = 0;
  frame->crc = RIVULET_CRC_START;
  rivulet_store(frame, 0);
  rivulet_u8(frame, RIVULET_SAMPLE);
  rivulet_u8(frame, 0);
  rivulet_u16(frame, frame->sequence);
  rivulet_u32(frame, milliseconds);
}

/* Closes the frame; gives how many bytes of the buffer are to be sent, 0 when it was too short for the fields. */
static inline uint16_t rivulet_end(rivulet_frame *frame) {
  rivulet_crc crc = frame->crc ^ RIVULET_CRC_FINISH;
#if RIVULET_CRC == 16
  rivulet_u16(frame, crc);
#else
  rivulet_u32(frame, crc);
#endif
  frame->sequence++;
  if (frame->length == frame->room) return 0;
  rivulet_store(frame, 0);
  return frame->length;
}

/* Opens a frame of several rows. */
static inline void rivulet_begin_rows(rivulet_frame *frame, uint32_t milliseconds, uint8_t rows, uint16_t microseconds) {
  frame->length = 0;
  frame->block = 0;
  frame->crc = RIVULET_CRC_START;
  rivulet_store(frame, 0);
  rivulet_u8(frame, RIVULET_SAMPLES);
  rivulet_u8(frame, rows);
  rivulet_u16(frame, frame->sequence);
  rivulet_u32(frame, milliseconds);
  rivulet_u16(frame, microseconds);
}

/* Closes it, as rivulet_end() does; each row has counted in the sequence. */
static inline uint16_t rivulet_end_rows(rivulet_frame *frame, uint8_t rows) {
  uint16_t length = rivulet_end(frame);
  frame->sequence = (uint16_t)(frame->sequence + rows - 1);
  return length;
}

#if defined(RIVULET_WRITE) || defined(RIVULET_WRITE_BYTE)
/* Closes the frame and sends it. */
static inline void rivulet_send(rivulet_frame *frame) {
  uint16_t length = rivulet_end(frame);
#ifdef RIVULET_WRITE
  if (length > 0) RIVULET_WRITE(frame->bytes, length);
#else
  uint16_t at;
  for (at = 0; at < length; at++) RIVULET_WRITE_BYTE(frame->bytes[at]);
#endif
}
#endif

/* ---- receiving ----
 *
 * A command from the host is a frame like those that are sent, with fields of its own:
 *
 *     static uint8_t command_bytes[RIVULET_PLAIN(3)];           3 bytes of fields: a u8 and a u16
 *     static rivulet_command command = RIVULET_COMMAND(command_bytes);
 *
 *     if (rivulet_receive(&command, byte)) {                    for every byte that comes; 1 when a command is whole
 *       led = rivulet_get_u8(&command);                         its fields, before the next byte
 *       limit = rivulet_get_u16(&command);
 *     }
 *
 * The buffer says how long a command is: only one that fills it exactly, and whose CRC is right, is taken. Anything
 * else is skipped to the next zero byte.
 *
 * Replies, which the config asks for with `reply: { send: [prediction, score, alarm] }`, are read in the same way, from
 * a buffer of their own:
 *
 *     static uint8_t reply_bytes[RIVULET_PLAIN(RIVULET_REPLY)];
 *     static rivulet_command reply = RIVULET_COMMAND(reply_bytes);
 *
 *     switch (rivulet_receive_reply(&reply, byte)) {            for every byte that comes; 0 when none is whole
 *       case RIVULET_PREDICTION:                                of the sample reply.sequence, reply.milliseconds
 *         label = rivulet_get_u16(&reply);                      the class, 0 where a number is predicted
 *         rivulet_get_u16(&reply);
 *         value = rivulet_get_f32(&reply);                      the probability of the class, or the number
 *         break;
 *       case RIVULET_SCORE:                                     accuracy lately, or mean absolute error
 *         score = rivulet_get_f32(&reply);
 *         baseline = rivulet_get_f32(&reply);                   the same of the simplest guess
 *         break;
 *       case RIVULET_ALARM:                                     comes when it changes, and after connecting
 *         label = rivulet_get_u16(&reply);
 *         on = rivulet_get_u16(&reply);
 *         value = rivulet_get_f32(&reply);                      the probability, or standard deviations of an anomaly
 *         break;
 *     }
 */
#if defined(RIVULET_RECEIVE) || defined(RIVULET_REPLIES)

#ifdef __AVR__
typedef uint8_t rivulet_length; /* half the flash; a command has at most 254 bytes */
#else
typedef uint16_t rivulet_length;
#endif

typedef struct {
  uint8_t *bytes;        /* the command, COBS taken off */
  rivulet_length room;   /* of the buffer, which a command fills exactly */
  rivulet_length length; /* of what has come; beyond room when it was too long */
  rivulet_length next;   /* where the next field begins */
  uint8_t left;          /* bytes that the open COBS block still has */
  uint8_t zero;          /* a zero follows behind the open block, unless it is the last */
  uint16_t sequence;     /* of the latest command */
  uint32_t milliseconds; /* of the latest command */
} rivulet_command;

/* What a rivulet_command starts as; `buffer` is an array of RIVULET_PLAIN(...) bytes. */
#define RIVULET_COMMAND(buffer) { buffer, sizeof(buffer), 0, 0, 0, 0, 0, 0 }

static inline uint8_t rivulet_get_u8(rivulet_command *command) {
  return command->next < command->room ? command->bytes[command->next++] : 0;
}

static inline uint16_t rivulet_get_u16(rivulet_command *command) {
  uint16_t low = rivulet_get_u8(command);
  return (uint16_t)(low | (uint16_t)rivulet_get_u8(command) << 8);
}

static inline uint32_t rivulet_get_u32(rivulet_command *command) {
  uint32_t low = rivulet_get_u16(command);
  return low | (uint32_t)rivulet_get_u16(command) << 16;
}

static inline int8_t rivulet_get_i8(rivulet_command *command) { return (int8_t)rivulet_get_u8(command); }

static inline int16_t rivulet_get_i16(rivulet_command *command) { return (int16_t)rivulet_get_u16(command); }

static inline int32_t rivulet_get_i32(rivulet_command *command) { return (int32_t)rivulet_get_u32(command); }

static inline float rivulet_get_f32(rivulet_command *command) {
  uint32_t bits = rivulet_get_u32(command);
  float value;
  rivulet_same_bytes(&value, &bits, sizeof value);
  return value;
}

#if DBL_MANT_DIG == 53
static inline double rivulet_get_f64(rivulet_command *command) {
  uint64_t bits = rivulet_get_u32(command);
  double value;
  bits |= (uint64_t)rivulet_get_u32(command) << 32;
  rivulet_same_bytes(&value, &bits, sizeof value);
  return value;
}
#endif

/* The type of the frame that has come, 0 when it is none; its header is read, so that the fields are next. */
static inline uint8_t rivulet_whole(rivulet_command *command) {
  uint8_t type;
  rivulet_crc crc = RIVULET_CRC_START;
  if (command->left > 0 || command->length != command->room) return 0;
  for (command->next = 0; command->next < command->room - RIVULET_CRC / 8;) {
    crc = rivulet_crc_add(crc, rivulet_get_u8(command));
  }
#if RIVULET_CRC == 16
  if (rivulet_get_u16(command) != crc) return 0;
#else
  if (rivulet_get_u32(command) != (crc ^ RIVULET_CRC_FINISH)) return 0;
#endif
  command->next = 0;
  type = rivulet_get_u8(command);
  if (rivulet_get_u8(command) != 0) return 0; /* reserved */
  command->sequence = rivulet_get_u16(command);
  command->milliseconds = rivulet_get_u32(command);
  return type;
}

/* Takes one byte from the host; the type of the frame that it completes, 0 when it completes none. */
static inline uint8_t rivulet_take(rivulet_command *command, uint8_t byte) {
  rivulet_length at;
  if (byte == 0) {
    uint8_t type = rivulet_whole(command);
    command->length = 0;
    command->left = 0;
    command->zero = 0;
    return type;
  }
  at = command->length;
  if (command->left > 0) {
    command->left--;
  } else {
    uint8_t zero = command->zero;
    command->left = (uint8_t)(byte - 1);
    command->zero = byte != RIVULET_BLOCK;
    if (!zero) return 0;
    byte = 0;
  }
  if (at > command->room) return 0;
  if (at < command->room) command->bytes[at] = byte;
  command->length = (rivulet_length)(at + 1);
  return 0;
}

#ifdef RIVULET_RECEIVE
/* Takes one byte from the host; 1 when it completes a command. */
static inline uint8_t rivulet_receive(rivulet_command *command, uint8_t byte) {
  return rivulet_take(command, byte) == RIVULET_SAMPLE;
}
#endif

#ifdef RIVULET_REPLIES
/* Takes one byte from the host; the type of the reply that it completes, 0 when it completes none. */
static inline uint8_t rivulet_receive_reply(rivulet_command *reply, uint8_t byte) {
  uint8_t type = rivulet_take(reply, byte);
  return type == RIVULET_SAMPLE ? 0 : type;
}
#endif

#endif
#endif
