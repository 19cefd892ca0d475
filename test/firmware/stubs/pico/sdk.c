/* Runs the Pico's example on the host for MILLISECONDS of its own time, as ../arduino/sketch.cpp does sketches. */
#include <stdio.h>
#include <stdlib.h>
#include "hardware/adc.h"
#include "pico/stdlib.h"

static absolute_time_t now = 100000;
static unsigned int input;

bool stdio_init_all(void) { return true; }
int putchar_raw(int c) { return putchar(c); }
int getchar_timeout_us(uint32_t timeout_us) {
  (void)timeout_us;
  return getchar();
}

absolute_time_t get_absolute_time(void) { return now; }
absolute_time_t delayed_by_ms(absolute_time_t t, uint32_t ms) { return t + 1000 * (uint64_t)ms; }
uint32_t to_ms_since_boot(absolute_time_t t) { return (uint32_t)(t / 1000); }
void sleep_until(absolute_time_t target) {
  now = target;
  if (to_ms_since_boot(now) >= 100 + MILLISECONDS) exit(0);
}

void gpio_init(uint gpio) { (void)gpio; }
void gpio_pull_up(uint gpio) { (void)gpio; }
void gpio_set_dir(uint gpio, bool out) { (void)gpio, (void)out; }
void gpio_put(uint gpio, bool value) { fprintf(stderr, "%u %d\n", gpio, value); }
bool gpio_get(uint gpio) {
  (void)gpio;
  return to_ms_since_boot(now) / 50 % 2 == 0;
}

void adc_init(void) {}
void adc_gpio_init(unsigned int gpio) { (void)gpio; }
void adc_select_input(unsigned int chosen) { input = chosen; }
uint16_t adc_read(void) { return (uint16_t)((to_ms_since_boot(now) + 37 * input) % 4096); }
