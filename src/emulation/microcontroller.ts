/**
 * An ATmega328P (the processor of an Arduino Uno) at 16 MHz running real compiled firmware: processor, the
 * three timers, the UART, port B and the analog converter. It knows no clock: emulated time passes only inside
 * `run`, so the same firmware gives the same bytes on every machine, as fast as the machine can.
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

/** Bytes from the host that wait for their turn on the emulated wire; a UART's sender has such a queue too. */
const receiveQueueBytes = 4096;

type Avr8js = typeof import("avr8js");

/** What avr8js keeps to itself and sleeping needs: when the next timer or UART event is due. */
interface ClockEvents {
  readonly nextClockEvent: { readonly cycles: number } | null;
}

/**
 * Starts the microcontroller with the firmware at a path.
 *
 * @throws RivuletError when the firmware is not a whole Intel-hex program, or avr8js is not installed
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
      'found no package avr8js, which the emulated board needs; run "npm install avr8js @lydell/node-pty" where Rivulet is installed',
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

  /** Where `run` is to stop, in cycles; a fraction is carried, so that slices add up. */
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
    // The receiver was off or the wire quiet: what has gathered starts when the firmware switches it on.
    uart.onConfigurationChange = () => this.#feed();
    this.#uart = uart;
  }

  /** Emulated time since the reset, in milliseconds. */
  get milliseconds(): number {
    return this.#cpu.cycles / cyclesPerMillisecond;
  }

  /** What the firmware has set its UART to, in bit/s as the 16 MHz clock makes it (117647 for 115200). */
  get baudRate(): number {
    return this.#uart.baudRate;
  }

  /** Whether a pin of port B is driven high. The LED of an Uno hangs on pin 5. */
  pinHigh(pin: number): boolean {
    return this.#portB.pinState(pin) === this.#high;
  }

  /** Drives a pin of port B from outside. A pin that nobody drives is low, its pull-up or not. */
  drivePin(pin: number, high: boolean): void {
    this.#portB.setPin(pin, high);
  }

  /** Puts a voltage, 0 to 5, on an analog input: 0 for A0. Inputs are at 0 V before. */
  driveAnalog(input: number, volts: number): void {
    this.#converter.channelValues[input] = volts;
  }

  /**
   * Lets the firmware run for some milliseconds of its own time. Gives the bytes that it sent meanwhile, as a
   * view that is valid until the next run.
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
        // Nothing happens before the next event of a timer or the UART: go there at once. Firmware that
        // sleeps when it has nothing to do costs a tenth of what stepping through its sleep would.
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
      // The processor executes one more instruction after `sei` before it lets an interrupt in. avr8js would
      // let it in at once, between `sei` and `sleep`, and the firmware would oversleep.
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
   * Puts bytes from the host on the wire; they arrive one after the other at the baud rate while the firmware
   * runs. Gives how many were taken: fewer than offered when the queue before the wire is full.
   */
  receive(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, this.receiveRoom);
    for (let i = 0; i < taken; i++) {
      this.#received[(this.#receivedStart + this.#receivedLength++) % receiveQueueBytes] = bytes[i];
    }
    this.#feed();
    return taken;
  }

  /** How many bytes `receive` would take now. */
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

  /** Starts the next waiting byte on the wire when the wire is free and the firmware listens. */
  #feed(): void {
    if (this.#receivedLength === 0 || !this.#uart.writeByte(this.#received[this.#receivedStart])) return;
    this.#receivedStart = (this.#receivedStart + 1) % receiveQueueBytes;
    this.#receivedLength--;
  }
}

/**
 * Any write to UCSR0B with the receiver on and staying on makes avr8js forget a byte that has just come, as firmware
 * does that switches its sending interrupt off in another interrupt. The chip forgets it only when the receiver goes
 * off: for avr8js the receiver was off before.
 */
function keepReceivedByte(cpu: CPU): void {
  const write = cpu.writeHooks[uartControlB];
  cpu.writeHooks[uartControlB] = (value, old, address, mask) =>
    write(value, value & receiverEnable ? old & ~receiverEnable : old, address, mask);
}
