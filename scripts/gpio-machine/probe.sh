#!/bin/busybox sh
# What is asked of the daemon on the emulated machine, as its first process. `machine` is a word of the kernel's
# command line. To run.ts each line "ok ..." and "failed ..." is a check, "press 5" a request that it answers with a
# line, and "done" the end.
/bin/busybox --install -s /bin
mkdir /proc /sys
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
gpio=/sys/class/gpio

check() {
  sentence=$1
  shift
  if "$@"; then echo "ok $sentence"; else
    echo "failed $sentence"
    tail -n 5 /log
  fi
}

eventually() {
  for _ in $(seq 150); do
    "$@" && return
    sleep 0.2
  done
  return 1
}

base_of() { for chip in $gpio/gpiochip*; do [ "$(cat "$chip/label")" = "$1" ] && cat "$chip/base"; done; }
pin() { echo "$gpio/gpio$((base + $1))"; }
value() { cat "$(pin "$1")/value"; }
logged() { [ "$(grep -c "$1" /log)" = "${2:-1}" ]; }

samples() {
  while echo 0.2,0.5,0 && echo 0.7,0.1,1; do sleep 0.1; done 2> /dev/null
}

# $1: the value of the config's key gpio
start() {
  cat > /machine.yaml <<CONFIG
source: { stdin: true, framing: lines, fields: [a, b, label] }
target: { column: label, classes: 2 }
checkpoint: { directory: /saved, every: 1h }
gpio: $1
CONFIG
  samples | node /rivulet/dist/bin/rivulet.cjs run /machine.yaml > /log 2>&1 &
  daemon=$!
}

stop() {
  kill -TERM "$daemon"
  wait "$daemon"
}

# Whether a pin changes $2 times within 20 s. Without a process for each look, as a blink is short and starting one takes
# long here.
changes() {
  file=$(pin "$1")/value
  [ -e "$file" ] || return 1
  read -r now _ < /proc/uptime
  end=$((${now%.*} + 20))
  count=0
  read -r before < "$file"
  while [ "$count" -lt "$2" ]; do
    read -r level < "$file"
    [ "$level" = "$before" ] || count=$((count + 1))
    before=$level
    read -r now _ < /proc/uptime
    [ "${now%.*}" -lt "$end" ] || return 1
  done
}

# Whether pins that were driven have been given back, and what the kernel then makes of them: $1, direction and level.
given_back_as() {
  expected=$1
  shift
  for number in "$@"; do
    [ ! -e "$(pin "$number")" ] || return 1
    echo $((base + number)) > $gpio/export
    state="$(cat "$(pin "$number")/direction") $(value "$number")"
    echo $((base + number)) > $gpio/unexport
    [ "$state" = "$expected" ] || { echo "GPIO $number is $state"; return 1; }
  done
}

pressed() {
  echo "press $1"
  read -r _
  eventually logged "pause button:" "$1" && sleep 1 && logged "pause button:" "$1"
}

left_on_by_a_kill() {
  kill -KILL "$daemon"
  wait "$daemon"
  [ "$(value 1)" = 1 ] && [ -e "$(pin 0)" ] && [ -e "$(pin 3)" ]
}

virt() {
  chip=9030000.pl061
  base=$(base_of $chip)
  alarm="{ pin: 1, class: 0, on: 0, off: 0 }"
  start "{ chip: $chip, heartbeat: 0, alarm: $alarm, pause: 3, checkpoint: 12 }"
  check "the pins are those of $chip, from $base" \
    eventually logged "onoff on $chip, whose first line is $base: heartbeat on 0, alarm on 1, pause on 3$"
  check "a pin that does not exist is refused in a sentence, and left out" \
    logged "gpio.checkpoint is not used: found GPIO 12, but the chip $chip has only GPIO 0 to 7; correct the pin"
  check "the lamp blinks" changes 0 6
  check "the alarm is on" [ "$(value 1)" = 1 ]
  check "a button that bounces is heard as often as it is pressed" pressed 6
  check "the lamp blinks on" changes 0 2
  check "SIGTERM ends it with success" stop
  check "outputs are low then, and all pins given back" given_back_as "out 0" 0 1
  check "so is the button" [ ! -e "$(pin 3)" ]

  start "{ chip: $chip, heartbeat: 0, alarm: $alarm, pause: 3 }"
  eventually logged "the alarm for class 0 is on"
  check "a kill leaves the alarm on, and all pins taken" left_on_by_a_kill
  start "{ chip: $chip, pause: 3 }"
  check "the next start releases them" eventually logged "pause on 3$"
  check "and drives the outputs low, which are configured no more" given_back_as "out 0" 0 1
  check "it ends with success too" stop
  check "and gives back the button" [ ! -e "$(pin 3)" ]
}

raspi3b() {
  base=$(base_of pinctrl-bcm2835)
  other=$(base_of raspberrypi-exp-gpio)
  check "another chip, from $other, comes before that of the header, from $base" [ "$other" -lt "$base" ]
  start "{ heartbeat: 17, alarm: { pin: 22, class: 0, on: 0, off: 0 } }"
  check "the header's is chosen by its label" \
    eventually logged "onoff on pinctrl-bcm2835, whose first line is $base: heartbeat on 17, alarm on 22$"
  check "the lamp on BCM 17, line $((base + 17)), blinks" changes 17 6
  check "the alarm on BCM 22, line $((base + 22)), is on" [ "$(value 22)" = 1 ]
  check "SIGTERM ends it with success" stop
  check "outputs are given back then, which makes them inputs, low" given_back_as "in 0" 17 22
}

echo "booted"
$machine
echo "done"
while :; do sleep 60; done
