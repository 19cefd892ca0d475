"""As much of MicroPython's machine and time modules as the example uses; it ends after MILLISECONDS of its own time.

The readings follow from pin and time, as in ../arduino/sketch.cpp.
"""

import os
import sys
import time

_end = 100 + int(os.environ["MILLISECONDS"])
_now = 100


def _sleep_ms(milliseconds):
    global _now
    _now += milliseconds
    if _now >= _end:
        sys.stdout.flush()
        sys.exit(0)


time.ticks_ms = lambda: _now
time.ticks_add = lambda ticks, delta: ticks + delta
time.ticks_diff = lambda left, right: left - right
time.sleep_ms = _sleep_ms


class ADC:
    def __init__(self, pin):
        self._pin = pin

    def read_u16(self):
        return (_now + 37 * self._pin) % 65536


class Pin:
    IN = PULL_UP = 0

    def __init__(self, pin, mode, pull):
        pass

    def value(self):
        return 1 - _now // 50 % 2
