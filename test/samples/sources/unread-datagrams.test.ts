/** Tables as Linux prints them, for the sockets of several programs. */
import { endianness } from "node:os";
import { expect, test } from "vitest";
import { discardedOf } from "../../../src/samples/sources/unread-datagrams.ts";

/** Numbers of four bytes as this machine prints them. */
const words = (...digits: string[]) =>
  digits
    .map((word) => (endianness() === "LE" ? (word.match(/../g) ?? []).reverse().join("") : word))
    .join("");

const rest =
  "00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 80279 2 0000000060d1c401";
const table = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 4971: 00000000:BC0E ${rest} 0
 7374: ${words("7F000001")}:0571 ${rest} 4908
 7375: 00000000:0571 ${rest} 3
`;
const table6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 7376: ${words("FD000012", "00000000", "00000000", "0000000A")}:4572 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 80279 2 00000000a4d3bbcb 7
 7375: 00000000000000000000000000000000:4572 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 80279 2 00000000a4d3bbcb 12
`;

test("of all sockets only that of the address and port counts", () => {
  expect(discardedOf(table, "127.0.0.1", 0x571)).toBe(4908);
  expect(discardedOf(table, "0.0.0.0", 0x571)).toBe(3);
  expect(discardedOf(table, "0.0.0.0", 0xbc0e)).toBe(0);
});

test("a socket of IPv6 is found in every form of its address, and one that is not there has lost nothing", () => {
  expect(discardedOf(table6, "::", 0x4572)).toBe(12);
  for (const address of ["fd00:12::a", "fd00:0012:0:0:0:0:0:a", "fd00:12::0.0.0.10", "fd00:12::a%eth0"])
    expect(discardedOf(table6, address, 0x4572), address).toBe(7);
  expect(discardedOf(table6, "fd00:12::b", 0x4572)).toBe(0);
  expect(discardedOf(table6, "::", 1)).toBe(0);
  expect(discardedOf("", "::", 1)).toBe(0);
});
