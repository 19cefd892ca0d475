/*
 * Runs a sketch on the host for MILLISECONDS of its own time: SKETCH is its path, standard input what the host sends,
 * standard output what the sketch sends, and standard error a line for each change of the LED. The readings follow
 * from pin and time, so that a test knows them: see examples.test.ts.
 */
#include <stdio.h>
#include "Arduino.h"
#include SKETCH

HardwareSerial Serial;
static unsigned long now = 100;

void HardwareSerial::begin(unsigned long) {}
int HardwareSerial::available() {
  int byte = getchar();
  if (byte == EOF) return 0;
  ungetc(byte, stdin);
  return 1;
}
int HardwareSerial::read() { return getchar(); }
size_t HardwareSerial::write(uint8_t byte) { return putchar(byte) == EOF ? 0 : 1; }
size_t HardwareSerial::write(const uint8_t *bytes, size_t length) { return fwrite(bytes, 1, length, stdout); }

unsigned long millis() { return now; }
void pinMode(uint8_t, uint8_t) {}
void digitalWrite(uint8_t pin, uint8_t value) { fprintf(stderr, "%d %d\n", pin, value); }
int digitalRead(uint8_t) { return now / 50 % 2 ? LOW : HIGH; }
int analogRead(uint8_t pin) { return (int)((now + 37 * pin) % 1024); }
uint32_t analogReadMilliVolts(uint8_t pin) { return (uint32_t)((now + 37 * pin) % 1024); }

int main() {
  setup();
  for (unsigned long end = now + MILLISECONDS; now < end; now++) loop();
  return 0;
}
