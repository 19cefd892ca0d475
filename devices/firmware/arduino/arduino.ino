/*
 * Two analog sensors and a button to label by hand, 100 samples a second: for any board that the Arduino software
 * knows. Copy rivulet.h into this sketch's folder. Learns with arduino.yaml.
 *
 *     A0           light: photoresistor from the supply to A0, 10 kΩ from A0 to ground
 *     A1           vibration: piezo disc to ground with 1 MΩ across it, 10 kΩ between it and A1
 *     2            push button to ground; pressed is class 1, released class 0
 *     LED_BUILTIN  a command from the host with one u8 switches it
 */
#define RIVULET_RECEIVE
#include "rivulet.h"

const uint8_t BUTTON = 2;
const unsigned long PERIOD_MS = 10;

uint8_t bytes[RIVULET_ROOM(5)];
rivulet_frame frame = RIVULET_FRAME(bytes);

uint8_t commandBytes[RIVULET_PLAIN(1)];
rivulet_command command = RIVULET_COMMAND(commandBytes);

void setup() {
  pinMode(BUTTON, INPUT_PULLUP);
  pinMode(LED_BUILTIN, OUTPUT);
  Serial.begin(115200);
  Serial.write((uint8_t)0);
}

void loop() {
  static unsigned long due = millis();

  while (Serial.available() > 0) {
    if (rivulet_receive(&command, (uint8_t)Serial.read())) {
      digitalWrite(LED_BUILTIN, rivulet_get_u8(&command) ? HIGH : LOW);
    }
  }

  unsigned long now = millis();
  if ((long)(now - due) < 0) return;
  due += PERIOD_MS;

  rivulet_begin(&frame, now);
  rivulet_u16(&frame, analogRead(A0));
  rivulet_u16(&frame, analogRead(A1));
  rivulet_u8(&frame, digitalRead(BUTTON) == LOW);
  Serial.write(bytes, rivulet_end(&frame));
}
