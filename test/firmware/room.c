/* Frames at the edge of their buffers; a fault ends the program, by itself or by the sanitizer. */
#include <stdio.h>
#include <stdlib.h>
#include "rivulet.h"

static uint16_t frame_of(unsigned fields, unsigned room) {
  rivulet_frame frame = {malloc(room), (uint16_t)room, 0, 0, 0, 0};
  uint16_t length;
  frame.sequence = 0x0101; /* without a zero, as the milliseconds, so that blocks become full */
  rivulet_begin(&frame, 0x01010101);
  while (fields-- > 0) rivulet_u8(&frame, 7);
  length = rivulet_end(&frame);
  if (frame.sequence != 0x0102) exit(3); /* counted, so that the host sees the gap */
  if (length > 0 && frame.bytes[length - 1] != 0) exit(4);
  free(frame.bytes);
  return length;
}

int main(void) {
  unsigned fields;
  for (fields = 0; fields < 1100; fields++) {
    /* The reserved byte is a zero, so the first block ends early and the last may need one byte less. */
    uint16_t needed = frame_of(fields, RIVULET_ROOM(fields));
    if (needed == 0 || needed > RIVULET_ROOM(fields)) return 1;
    if (frame_of(fields, needed) != needed) return 1;
    if (frame_of(fields, needed - 1u) != 0 || frame_of(fields, 1) != 0) return 2;
  }
  return 0;
}
