"""Two analog sensors and a button to label by hand, 50 samples a second over USB.

For a Raspberry Pi Pico with MicroPython; other boards have other pins. Copy this file and rivulet.py to the board.
Learns with micropython.yaml.

    GP26  light: photoresistor from 3V3 to GP26, 10 kΩ from GP26 to ground
    GP27  vibration: piezo disc to ground with 1 MΩ across it, 10 kΩ between it and GP27
    GP15  push button to ground; pressed is class 1, released class 0
"""

import sys
import time

from machine import ADC, Pin

import rivulet

PERIOD_MS = 20

light = ADC(26)
vibration = ADC(27)
button = Pin(15, Pin.IN, Pin.PULL_UP)

sender = rivulet.Sender(sys.stdout.buffer.write, ["u16", "u16", "u8"])
due = time.ticks_ms()
while True:
    due = time.ticks_add(due, PERIOD_MS)
    time.sleep_ms(max(0, time.ticks_diff(due, time.ticks_ms())))
    sender.send(time.ticks_ms(), light.read_u16(), vibration.read_u16(), 1 - button.value())
