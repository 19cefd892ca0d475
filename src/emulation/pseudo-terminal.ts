/**
 * A pseudo-terminal of the kernel: programs open its path like a serial port, and this side acts as the device. No call
 * waits: `read` and `write` transfer what is possible now and return how much it was.
 *
 * A pseudo-terminal has no baud rate: the writer must pace itself.
 */
import { spawnSync } from "node:child_process";
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { RivuletError } from "../errors/errors.ts";

export interface PseudoTerminal {
  /** Path that the host opens, such as /dev/pts/3. */
  readonly path: string;
  /**
   * Reads what the host has sent into `buffer`. Returns the number of bytes, or -1 when no host has the path open.
   * Bytes that the host sent before it closed are returned first.
   */
  read(buffer: Uint8Array): number;
  /**
   * Sends bytes to the host. Returns how many the kernel accepted: fewer than offered, even 0, when the host does not
   * read (the kernel holds about 20 kB). They wait even if no host has the path open, and the next host reads them
   * first; so call `read` before.
   */
  write(bytes: Uint8Array): number;
  /** Removes the device: the host sees its port hang up, and loses what it has not read. */
  close(): void;
}

/** The native part of @lydell/node-pty that opens a pair; its JavaScript part would read the bytes itself. */
interface NativePty {
  open(columns: number, rows: number): { master: number; slave: number; pty: string };
}

/** Gets a pair from the kernel: the device's end, which never blocks, and the path of the host's end. */
type Opener = () => { master: number; path: string };

/**
 * Opens a pseudo-terminal in raw mode: bytes pass unchanged and are not echoed, even before a host has configured the
 * port. On a platform for which @lydell/node-pty has no build, perl calls the kernel instead.
 *
 * A process started while it is open may inherit it; then the host does not see it close.
 *
 * @param openers ways to open one, tried in this order
 * @throws RivuletError when this machine offers no way to open one
 */
export function openPseudoTerminal(openers: Opener[] = [openByPackage, openByPerl]): PseudoTerminal {
  const reasons: string[] = [];
  for (const open of openers) {
    let pair: ReturnType<Opener>;
    try {
      pair = open();
    } catch (error) {
      reasons.push((error as Error).message.split("\n")[0]);
      continue;
    }
    try {
      makeRaw(pair.path);
    } catch (error) {
      closeSync(pair.master);
      throw error;
    }
    return pseudoTerminal(pair);
  }
  throw new RivuletError(
    "emulator.failed",
    `no pseudo-terminal can be opened on ${process.platform}-${process.arch} (${reasons.join("; ")}); ` +
      "install the package @lydell/node-pty beside Rivulet, or perl on Linux",
  );
}

/** Opens a pair by the build of @lydell/node-pty for this platform, which needs only npm. */
export function openByPackage(): ReturnType<Opener> {
  const packages = createRequire(createRequire(import.meta.url).resolve("@lydell/node-pty"));
  const native: NativePty = packages(`@lydell/node-pty-${process.platform}-${process.arch}/pty.node`);
  const pair = native.open(80, 24);
  // If this process kept the host's end open too, it could not see the host close its port.
  closeSync(pair.slave);
  return { master: pair.master, path: pair.pty };
}

/** Perl program with the two ioctls of openpty(3), TIOCSPTLCK and TIOCGPTN; perl needs variables, not constants. */
const perlOpen = `
  open(my $master, "+<&=", 3) or die "no descriptor: $!";
  my $unlocked = pack("i", 0);
  ioctl($master, 0x40045431, $unlocked) or die "cannot unlock: $!";
  my $number = pack("i", 0);
  ioctl($master, 0x80045430, $number) or die "no number: $!";
  print unpack("i", $number);`;

/** Opens a pair by perl, which Debian and Raspberry Pi OS always have. Linux only. */
export function openByPerl(): ReturnType<Opener> {
  if (process.platform !== "linux") throw new Error("/dev/ptmx exists only on Linux");
  const master = openSync("/dev/ptmx", constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  const perl = spawnSync("perl", ["-e", perlOpen], { stdio: ["ignore", "pipe", "pipe", master] });
  if (perl.status !== 0) {
    closeSync(master);
    throw perl.error ?? new Error(`perl: ${perl.stderr.toString().trim()}`);
  }
  return { master, path: `/dev/pts/${perl.stdout}` };
}

/** Sets raw mode: a new terminal echoes and waits for line ends. The setting lasts as long as the terminal. */
function makeRaw(path: string): void {
  const slave = openSync(path, constants.O_RDWR | constants.O_NOCTTY);
  try {
    const stty = spawnSync("stty", ["raw", "-echo", "-iexten"], { stdio: [slave, "ignore", "pipe"] });
    if (stty.status === 0) return;
    const reason = stty.error?.message ?? stty.stderr.toString().trim();
    throw new RivuletError(
      "emulator.failed",
      `the pseudo-terminal ${path} cannot be set to raw mode (${reason}); install stty, from the package coreutils`,
    );
  } finally {
    closeSync(slave);
  }
}

function pseudoTerminal({ master, path }: ReturnType<Opener>): PseudoTerminal {
  let open = true;
  return {
    path,
    read(buffer) {
      try {
        // macOS returns 0 where Linux fails with EIO: no host has the path open.
        return readSync(master, buffer) || -1;
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        if (code === "EAGAIN") return 0;
        if (code === "EIO") return -1;
        throw error;
      }
    },
    write(bytes) {
      try {
        return bytes.length === 0 ? 0 : writeSync(master, bytes);
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        if (code === "EAGAIN" || code === "EIO") return 0;
        throw error;
      }
    },
    close() {
      if (open) closeSync(master);
      open = false;
    },
  };
}
