/*
 * Two analog sensors and a button to label by hand, 500 samples a second over USB: for a Raspberry Pi Pico with its C
 * SDK. Learns with pico.yaml.
 *
 *     GP26  light: photoresistor from 3V3 to GP26, 10 kΩ from GP26 to ground
 *     GP27  vibration: piezo disc to ground with 1 MΩ across it, 10 kΩ between it and GP27
 *     GP15  push button to ground; pressed is class 1, released class 0
 *     LED   the board's: a command from the host with one u8 switches it
 */
#include "hardware/adc.h"
#include "pico/stdlib.h"

/* The raw one: putchar() would send a carriage return before each byte that is 10. */
#define RIVULET_WRITE_BYTE(byte) putchar_raw(byte)
#define RIVULET_RECEIVE
#include "../rivulet.h"

#define BUTTON 15
#define LED 25 /* not on a Pico W, whose LED hangs on its radio */
#define PERIOD_MS 2

static uint8_t bytes[RIVULET_ROOM(5)];
static rivulet_frame frame = RIVULET_FRAME(bytes);

static uint8_t command_bytes[RIVULET_PLAIN(1)];
static rivulet_command command = RIVULET_COMMAND(command_bytes);

static void receive(void) {
  int byte;
  while ((byte = getchar_timeout_us(0)) >= 0) {
    if (rivulet_receive(&command, (uint8_t)byte)) gpio_put(LED, rivulet_get_u8(&command) != 0);
  }
}

/* 0 to 4095 for 0 to 3.3 V. */
static uint16_t read_analog(unsigned input) {
  adc_select_input(input);
  return adc_read();
}

int main(void) {
  absolute_time_t due;

  stdio_init_all();
  adc_init();
  adc_gpio_init(26);
  adc_gpio_init(27);
  gpio_init(BUTTON);
  gpio_pull_up(BUTTON);
  gpio_init(LED);
  gpio_set_dir(LED, GPIO_OUT);
  putchar_raw(0);

  due = get_absolute_time();
  for (;;) {
    due = delayed_by_ms(due, PERIOD_MS);
    sleep_until(due);
    receive();
    rivulet_begin(&frame, to_ms_since_boot(due));
    rivulet_u16(&frame, read_analog(0));
    rivulet_u16(&frame, read_analog(1));
    rivulet_u8(&frame, !gpio_get(BUTTON));
    rivulet_send(&frame);
  }
}
