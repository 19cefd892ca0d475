import {
  AVRIOPort,
  AVRTimer,
  AVRUSART,
  avrInstruction,
  CPU,
  portBConfig,
  timer1Config,
  usart0Config,
} from "avr8js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { demoFirmware } from "../../src/emulation/demo-firmware.ts";
import { readFirmware } from "../../src/emulation/hex.ts";
import { flashBytes, Microcontroller, startMicrocontroller } from "../../src/emulation/microcontroller.ts";

const led = 5;
const pump = () => startMicrocontroller(demoFirmware.path);
const text = (letters: string) => new TextEncoder().encode(letters);

/** The same firmware, every cycle of its sleep stepped through by avr8js alone. */
function bytesStepByStep(milliseconds: number): number[] {
  const program = new Uint16Array(flashBytes / 2);
  new Uint8Array(program.buffer).set(readFirmware(demoFirmware.path, flashBytes));
  const cpu = new CPU(program, 2048);
  new AVRTimer(cpu, timer1Config);
  new AVRIOPort(cpu, portBConfig);
  const bytes: number[] = [];
  new AVRUSART(cpu, usart0Config, 16e6).onByteTransmit = (byte) => bytes.push(byte);
  while (cpu.cycles < milliseconds * 16_000) {
    avrInstruction(cpu);
    cpu.tick();
  }
  return bytes;
}

/** A microcontroller with a program of our own: machine words at word addresses. */
async function programmed(parts: Record<number, number[]>): Promise<Microcontroller> {
  const words = new Uint16Array(flashBytes / 2).fill(0xffff);
  for (const [address, part] of Object.entries(parts)) words.set(part, Number(address));
  return new Microcontroller(await import("avr8js"), new Uint8Array(words.buffer));
}

const ledIsOutput = 0x9a25; // sbi DDRB, 5
const ledOn = 0x9a2d; // sbi PORTB, 5
const stop = 0xcfff; // rjmp .
const sleepOpcode = 0x9588;

test("sends the same bytes however the time is sliced", async () => {
  const whole = (await pump()).run(400).slice();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.double({ min: 0, max: 30, noNaN: true }), { maxLength: 12 }),
      async (slices) => {
        const microcontroller = await pump();
        const bytes: number[] = [];
        let left = 400;
        for (const slice of slices) {
          bytes.push(...microcontroller.run(slice));
          left -= slice;
        }
        bytes.push(...microcontroller.run(left));
        expect(Uint8Array.from(bytes)).toEqual(whole);
      },
    ),
    { numRuns: 20 },
  );
});

test("sleeps through to the same bytes that stepping through the sleep gives", async () => {
  const microcontroller = await pump();
  expect([...microcontroller.run(1000)]).toEqual(bytesStepByStep(1000));
});

test("loses no command, whatever the firmware does when it comes", async () => {
  const microcontroller = await pump();
  microcontroller.run(10);
  for (let command = 0; command < 10_000; command++) {
    microcontroller.receive(text(command % 2 === 0 ? "1" : "0"));
    // A byte takes 0.085 ms; the rest makes it come at ever other moments of what the firmware does.
    microcontroller.run(0.3 + 0.0101 * (command % 7));
    expect(microcontroller.pinHigh(led), `command ${command}`).toBe(command % 2 === 0);
  }
});

test("stays asleep from one run to the next while nothing wakes it", async () => {
  const allowSleep = [0xe001, 0xbf03]; // ldi r16, 1; out SMCR, r16
  const microcontroller = await programmed({ 0: [ledIsOutput, ...allowSleep, sleepOpcode, ledOn, stop] });
  microcontroller.run(1);
  microcontroller.run(1);
  expect(microcontroller.pinHigh(led)).toBe(false);
});

test("does not sleep when the firmware has not allowed it", async () => {
  const microcontroller = await programmed({ 0: [ledIsOutput, sleepOpcode, ledOn, stop] });
  microcontroller.run(1);
  expect(microcontroller.pinHigh(led)).toBe(true);
});

test("executes the instruction after sei before it lets an interrupt in", async () => {
  const sendInterrupt = [0xe208, 0x9300, 0x00c1]; // ldi r16, TXEN0 | UDRIE0; sts UCSR0B, r16
  const handler = { 38: [ledOn, stop] };
  const guarded = await programmed({
    0: [ledIsOutput, ...sendInterrupt, 0x9478, 0x94f8, stop],
    ...handler,
  });
  guarded.run(1);
  expect(guarded.pinHigh(led)).toBe(false);
  const open = await programmed({ 0: [ledIsOutput, ...sendInterrupt, 0x9478, stop], ...handler });
  open.run(1);
  expect(open.pinHigh(led)).toBe(true);
});

test("counts its own time", async () => {
  const microcontroller = await pump();
  for (let i = 0; i < 1000; i++) microcontroller.run(0.1);
  expect(microcontroller.milliseconds).toBeCloseTo(100, 3);
});

test("keeps bytes that were sent in one long run", async () => {
  expect((await pump()).run(2000)).toHaveLength(1 + 21 * 499);
});

test("receives from the host through the UART and drives its LED", async () => {
  const microcontroller = await pump();
  microcontroller.run(10);
  expect(microcontroller.pinHigh(led)).toBe(false);
  microcontroller.receive(text("1"));
  microcontroller.run(1);
  expect(microcontroller.pinHigh(led)).toBe(true);
  microcontroller.receive(text("x0"));
  microcontroller.run(1);
  expect(microcontroller.pinHigh(led)).toBe(false);
});

test("receives one byte after the other, as long as each takes on the wire", async () => {
  const microcontroller = await pump();
  microcontroller.run(1);
  microcontroller.receive(text("1".repeat(99).concat("0")));
  microcontroller.run(8);
  expect(microcontroller.pinHigh(led)).toBe(true);
  microcontroller.run(1);
  expect(microcontroller.pinHigh(led)).toBe(false);
});

test("hears what came before the firmware has switched its receiver on", async () => {
  const microcontroller = await pump();
  expect(microcontroller.receive(text("1"))).toBe(1);
  microcontroller.run(1);
  expect(microcontroller.pinHigh(led)).toBe(true);
});

test("takes no more from the host than its queue holds", async () => {
  const microcontroller = await pump();
  const room = microcontroller.receiveRoom;
  expect(microcontroller.receive(new Uint8Array(room + 1))).toBe(room);
  expect(microcontroller.receive(new Uint8Array(1))).toBe(0);
  microcontroller.run(10);
  expect(microcontroller.receiveRoom).toBeGreaterThan(0);
});

test("runs its UART at the rate that the clock makes of 115200 baud", async () => {
  const microcontroller = await pump();
  microcontroller.run(1);
  expect(microcontroller.baudRate).toBe(117647);
});
