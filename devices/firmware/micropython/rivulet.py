"""Frames for Rivulet in pure MicroPython, as rivulet.h makes them in C. CPython runs it too.

    import sys, rivulet
    sender = rivulet.Sender(sys.stdout.buffer.write, ["i16", "u8"])
    sender.send(milliseconds, temperature, label)

A frame, before COBS takes the zero bytes out of it and one zero byte closes it, is

    u8 type=1 | u8 reserved=0 | u16 sequence | u32 milliseconds | fields | CRC

everything little-endian and packed.
"""

import struct

# How struct calls the field types of Rivulet's config.
TYPES = {"i8": "b", "u8": "B", "i16": "h", "u16": "H", "i32": "i", "u32": "I", "f32": "f", "f64": "d"}


def crc16(data, end):
    """CRC-16/IBM-3740, also called CCITT-FALSE, of the first bytes. How it does without a table: rivulet.h."""
    crc = 0xFFFF
    for at in range(end):
        s = (crc >> 8) ^ data[at]
        s ^= s >> 4
        crc = ((crc << 8) ^ (s << 12) ^ (s << 5) ^ s) & 0xFFFF
    return crc


def crc32(data, end):
    """CRC-32/ISO-HDLC of the first bytes."""
    crc = 0xFFFFFFFF
    for at in range(end):
        crc ^= data[at]
        for _ in range(8):
            crc = (crc >> 1) ^ 0xEDB88320 if crc & 1 else crc >> 1
    return crc ^ 0xFFFFFFFF


def stuff(source, target):
    """Consistent overhead byte stuffing (Cheshire and Baker, 1999); gives where it ended in the target."""
    block = 0
    write = 1
    for byte in source:
        # The longest block stands for no zero, and is closed only when another byte comes.
        if write - block == 255:
            target[block] = 255
            block = write
            write += 1
        if byte == 0:
            target[block] = write - block
            block = write
        else:
            target[write] = byte
        write += 1
    target[block] = write - block
    return write


class Sender:
    """Sends samples: `write` takes bytes, `fields` are type names in the order of the config."""

    def __init__(self, write, fields, crc=16):
        if crc not in (16, 32):
            raise ValueError("crc is the number of bits of the checksum: 16 or 32")
        for name in fields:
            if name not in TYPES:
                raise ValueError("the field type %s is unknown: use one of %s" % (name, ", ".join(sorted(TYPES))))
        self._write = write
        self._format = "<BBHI" + "".join([TYPES[name] for name in fields])
        self._checksum, self._checksum_format = (crc16, "<H") if crc == 16 else (crc32, "<I")
        self._end = struct.calcsize(self._format)
        # Made once: sending makes no garbage but small views and large numbers.
        self._plain = bytearray(self._end + crc // 8)
        self._stuffed = bytearray(len(self._plain) + (len(self._plain) + 253) // 254 + 1)
        self._view = memoryview(self._stuffed)
        self.sequence = 0
        # Cuts off what a reset may have left half sent.
        write(b"\0")

    def send(self, milliseconds, *values):
        """Sends one sample: a number for each field."""
        plain = self._plain
        struct.pack_into(self._format, plain, 0, 1, 0, self.sequence, milliseconds & 0xFFFFFFFF, *values)
        struct.pack_into(self._checksum_format, plain, self._end, self._checksum(plain, self._end))
        end = stuff(plain, self._stuffed)
        self._stuffed[end] = 0
        self.sequence = (self.sequence + 1) & 0xFFFF
        self._write(self._view[: end + 1])
