/*
 * Two analog sensors in volts and a button to label by hand, 500 samples a second, with the longer CRC: for an ESP32
 * with the Arduino core. Copy rivulet.h into this sketch's folder. Learns with esp32.yaml.
 *
 *     GPIO 34  light: photoresistor from 3.3 V to GPIO 34, 10 kΩ from there to ground
 *     GPIO 35  vibration: piezo disc to ground with 1 MΩ across it, 10 kΩ between it and GPIO 35
 *     GPIO 27  push button to ground; pressed is class 1, released class 0
 *
 * Other ESP32s have other pins: take two of ADC1, since ADC2 belongs to the radio.
 */
#define RIVULET_CRC 32
#include "rivulet.h"

const uint8_t LIGHT = 34;
const uint8_t VIBRATION = 35;
const uint8_t BUTTON = 27;
const unsigned long PERIOD_MS = 2;

uint8_t bytes[RIVULET_ROOM(9)];
rivulet_frame frame = RIVULET_FRAME(bytes);

void setup() {
  pinMode(BUTTON, INPUT_PULLUP);
  Serial.begin(921600);
  Serial.write((uint8_t)0);
}

void loop() {
  static unsigned long due = millis();
  unsigned long now = millis();
  if ((long)(now - due) < 0) return;
  due += PERIOD_MS;

  rivulet_begin(&frame, now);
  rivulet_f32(&frame, analogReadMilliVolts(LIGHT) * 0.001f);
  rivulet_f32(&frame, analogReadMilliVolts(VIBRATION) * 0.001f);
  rivulet_u8(&frame, digitalRead(BUTTON) == LOW);
  Serial.write(bytes, rivulet_end(&frame));
}
