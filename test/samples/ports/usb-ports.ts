/** A machine's ports on USB as files: names in /dev that lead to real pseudo-terminals, and what /sys says of them. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export interface UsbPort {
  vendor?: string;
  product?: string;
  serialNumber?: string | null;
  /** Which of the ports of its device. */
  interface?: string;
}

export const arduino: UsbPort = { vendor: "2341", product: "0043", serialNumber: "7573" };
/** An adapter without a serial number. */
export const adapter: UsbPort = { vendor: "1a86", product: "7523", serialNumber: null };

let devices = 0;

/**
 * Ports below a folder that stands for "/". A path in `/dev` is what the kernel makes: it goes when the device does,
 * before or after whoever has it open is told.
 */
export function usbPorts(root: string) {
  const tty = (name: string) => join(root, "sys/class/tty", name);
  mkdirSync(join(root, "dev"), { recursive: true });
  mkdirSync(join(root, "sys/class/tty"), { recursive: true });
  const write = (path: string, text: string) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${text}\n`);
  };
  return {
    path: (name: string) => join(root, "dev", name),
    /** The kernel names a port, whose bytes go through a pseudo-terminal. */
    plugIn(name: string, terminal: string, port: UsbPort | null) {
      if (port !== null) {
        const { vendor = "2341", product = "0043", serialNumber = null, interface: number = "00" } = port;
        const device = join(root, "sys/devices/usb1", `1-${++devices}`);
        write(join(device, "idVendor"), vendor);
        write(join(device, "idProduct"), product);
        if (serialNumber !== null) write(join(device, "serial"), serialNumber);
        write(join(device, "1-1:1.0", "bInterfaceNumber"), number);
        mkdirSync(tty(name));
        // Not relative, as in /sys: parts of the tree may be mounted elsewhere.
        symlinkSync(join(device, "1-1:1.0"), join(tty(name), "device"));
      }
      symlinkSync(terminal, join(root, "dev", name));
    },
    pullOut(name: string) {
      rmSync(join(root, "dev", name));
      rmSync(tty(name), { recursive: true, force: true });
    },
  };
}

const unshare = process.getuid?.() === 0 ? ["unshare", "-m"] : ["unshare", "-U", "-r", "-m"];

/**
 * What leads a command line to where /sys and /dev say of ports what a folder says, for a program that is not told of
 * another root; all else of /dev stays.
 */
export const throughPorts = (root: string): string[] => [
  ...unshare,
  "sh",
  "-ec",
  `mount --bind ${root}/sys/class/tty /sys/class/tty
  mkdir -p ${root}/dev/real && mount --rbind /dev ${root}/dev/real
  for name in null pts tty urandom; do ln -sfn real/$name ${root}/dev/$name; done
  mount --rbind ${root}/dev /dev
  exec "$@"`,
  "sh",
];

/** Whether this machine lets us mount them. */
export const canMountPorts = canMount();

function canMount(): boolean {
  if (process.platform !== "linux") return false;
  const root = mkdtempSync(join(tmpdir(), "rivulet-ports-"));
  usbPorts(root);
  const [program, ...words] = throughPorts(root);
  const { status } = spawnSync(program, [...words, "true"]);
  rmSync(root, { recursive: true, force: true });
  return status === 0;
}
