/**
 * Emulates an ATmega328P (the processor of an Arduino Uno) at 16 MHz that runs compiled firmware: processor, the three
 * timers, the UART, port B and the analog-to-digital converter. It uses no clock: emulated time passes only inside
 * `run`, so the same firmware sends the same bytes on every machine, as fast as the machine can.
 */
import type { AVRADC, AVRIOPort, AVRUSART, CPU } from "avr8js";
import { RivuletError } from "../errors/errors.ts";
import { readFirmware } from "./hex.ts";

export const flashBytes = 32768;
const memoryBytes = 2048;
const cyclesPerMillisecond = 16_000;

/** Addresses and bits from the ATmega328P's data sheet. */
const sleepModeControl = 0x53;
const sleepEnable = 1;
const sleepInstruction = 0x9588;
const uartControlB = 0xc1;
const receiverEnable = 0x10;
const enableInterruptsInstruction = 0x9478;

/** Most bytes from the host that wait for the emulated wire; the sender of a UART has such a queue too. */
const receiveQueueBytes = 4096;

type Avr8js = typeof import("avr8js");

/** A private member of avr8js that sleeping needs: when the next timer or UART event is due. */
interface ClockEvents {
  readonly nextClockEvent: { readonly cycles: number } | null;
}

/**
 * Starts the microcontroller with the firmware at a path.
 *
 * @throws RivuletError when the firmware is not a complete Intel HEX program, or avr8js is not installed
 */
export async function startMicrocontroller(firmwarePath: string): Promise<Microcontroller> {
  const flash = readFirmware(firmwarePath, flashBytes);
  let avr8js: Avr8js;
  try {
    avr8js = await import("avr8js");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new RivuletError(
      "package.missing",
      'found no package avr8js, expected it for the emulated board; run "npm install avr8js @lydell/node-pty" where Rivulet is installed',
    );
  }
  return new Microcontroller(avr8js, flash);
}

export class Microcontroller {
  readonly #cpu: CPU;
  readonly #events: ClockEvents;
  readonly #execute: Avr8js["avrInstruction"];
  readonly #uart: AVRUSART;
  readonly #portB: AVRIOPort;
  readonly #converter: AVRADC;
  readonly #high: number;

  /** Bytes sent during the current run. */
  #sent = new Uint8Array(1024);
  #sentLength = 0;

  readonly #received = new Uint8Array(receiveQueueBytes);
  #receivedStart = 0;
  #receivedLength = 0;

  /** Cycle at which `run` stops; it keeps a fraction, so that slices add up. */
  #until = 0;
  #asleep = false;

  /** @param flash [flashBytes] the program */
  constructor(avr8js: Avr8js, flash: Uint8Array) {
    const program = new Uint16Array(flashBytes / 2);
    new Uint8Array(program.buffer).set(flash);
    const cpu = new avr8js.CPU(program, memoryBytes);
    this.#cpu = cpu;
    this.#events = cpu as unknown as ClockEvents;
    this.#execute = avr8js.avrInstruction;
    this.#high = avr8js.PinState.High;
    this.#portB = new avr8js.AVRIOPort(cpu, avr8js.portBConfig);
    this.#converter = new avr8js.AVRADC(cpu, avr8js.adcConfig);
    for (const config of [avr8js.timer0Config, avr8js.timer1Config, avr8js.timer2Config]) {
      new avr8js.AVRTimer(cpu, config);
    }
    const uart = new avr8js.AVRUSART(cpu, avr8js.usart0Config, cyclesPerMillisecond * 1000);
    keepReceivedByte(cpu);
    uart.onByteTransmit = (byte) => this.#send(byte);
    uart.onRxComplete = () => this.#feed();
    // The receiver was off or the wire idle: waiting bytes start when the firmware switches the receiver on.
    uart.onConfigurationChange = () => this.#feed();
    this.#uart = uart;
  }

  /** Emulated time since the reset, in milliseconds. */
  get milliseconds(): number {
    return this.#cpu.cycles / cyclesPerMillisecond;
  }

  /** Baud rate that the firmware has set, in bit/s as divided from the 16 MHz clock (117647 for 115200). */
  get baudRate(): number {
    return this.#uart.baudRate;
  }

  /** Whether the firmware drives a pin of port B high. The LED of an Uno is on pin 5. */
  pinHigh(pin: number): boolean {
    return this.#portB.pinState(pin) === this.#high;
  }

  /** Drives a pin of port B from outside. A pin that is not driven is low, even with its pull-up on. */
  drivePin(pin: number, high: boolean): void {
    this.#portB.setPin(pin, high);
  }

  /** Sets the voltage of an analog input, 0 to 5 V; input 0 is A0. Before, inputs are at 0 V. */
  driveAnalog(input: number, volts: number): void {
    this.#converter.channelValues[input] = volts;
  }

  /**
   * Runs the firmware for some milliseconds of emulated time. Returns the bytes that it sent, as a view that is valid
   * until the next run.
   */
  run(milliseconds: number): Uint8Array {
    this.#sentLength = 0;
    this.#until += milliseconds * cyclesPerMillisecond;
    const until = Math.round(this.#until);
    const cpu = this.#cpu;
    const events = this.#events;
    const execute = this.#execute;
    const program = cpu.progMem;
    let asleep = this.#asleep;
    while (cpu.cycles < until) {
      if (asleep) {
        // Nothing happens before the next event of a timer or the UART, so skip to it. For firmware that sleeps when
        // idle, this takes a tenth of the time of executing each cycle.
        if (cpu.nextInterrupt < 0) {
          const next = events.nextClockEvent;
          cpu.cycles = next === null || next.cycles > until ? until : Math.max(next.cycles, cpu.cycles);
        }
        const sleepingAt = cpu.pc;
        cpu.tick();
        asleep = cpu.nextInterrupt < 0 && cpu.pc === sleepingAt;
        continue;
      }
      const instruction = program[cpu.pc];
      execute(cpu);
      // The processor executes one more instruction after `sei` before an interrupt. avr8js would allow the interrupt
      // at once, between `sei` and `sleep`, and the firmware would oversleep.
      if (instruction === enableInterruptsInstruction) continue;
      if (instruction === sleepInstruction && (cpu.data[sleepModeControl] & sleepEnable) !== 0) {
        asleep = true;
        continue;
      }
      cpu.tick();
    }
    this.#asleep = asleep;
    return this.#sent.subarray(0, this.#sentLength);
  }

  /**
   * Sends bytes from the host; they arrive one after the other at the baud rate while the firmware runs. Returns how
   * many were accepted: fewer than offered when the queue is full.
   */
  receive(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, this.receiveRoom);
    for (let i = 0; i < taken; i++) {
      this.#received[(this.#receivedStart + this.#receivedLength++) % receiveQueueBytes] = bytes[i];
    }
    this.#feed();
    return taken;
  }

  /** How many bytes `receive` would accept now. */
  get receiveRoom(): number {
    return receiveQueueBytes - this.#receivedLength;
  }

  #send(byte: number): void {
    if (this.#sentLength === this.#sent.length) {
      const larger = new Uint8Array(2 * this.#sent.length);
      larger.set(this.#sent);
      this.#sent = larger;
    }
    this.#sent[this.#sentLength++] = byte;
  }

  /** Starts sending the next waiting byte when the wire is free and the receiver is on. */
  #feed(): void {
    if (this.#receivedLength === 0 || !this.#uart.writeByte(this.#received[this.#receivedStart])) return;
    this.#receivedStart = (this.#receivedStart + 1) % receiveQueueBytes;
    this.#receivedLength--;
  }
}

/**
 * Works around a fault of avr8js: a write to UCSR0B that leaves the receiver on discards a byte that has just arrived.
 * Firmware does such writes when it disables its transmit interrupt in another interrupt. The chip discards the byte
 * only when the receiver is switched off; so avr8js is made to see a receiver that was off before.
 */
function keepReceivedByte(cpu: CPU): void {
  const write = cpu.writeHooks[uartControlB];
  cpu.writeHooks[uartControlB] = (value, old, address, mask) =>
    write(value, value & receiverEnable ? old & ~receiverEnable : old, address, mask);
}
