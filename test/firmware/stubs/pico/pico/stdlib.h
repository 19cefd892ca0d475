/* As much of the Pico's SDK as the example uses. sdk.c gives it a body on the host. */
#ifndef PICO_STDLIB_H
#define PICO_STDLIB_H

#include <stdbool.h>
#include <stdint.h>

typedef uint64_t absolute_time_t;
typedef unsigned int uint;

#define GPIO_OUT 1

bool stdio_init_all(void);
int putchar_raw(int c);
int getchar_timeout_us(uint32_t timeout_us);

absolute_time_t get_absolute_time(void);
absolute_time_t delayed_by_ms(absolute_time_t t, uint32_t ms);
void sleep_until(absolute_time_t target);
uint32_t to_ms_since_boot(absolute_time_t t);

void gpio_init(uint gpio);
void gpio_pull_up(uint gpio);
void gpio_set_dir(uint gpio, bool out);
void gpio_put(uint gpio, bool value);
bool gpio_get(uint gpio);

#endif
