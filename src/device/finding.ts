import type { Board } from "./board.ts";
import type { Machine } from "./machine.ts";

/** What one check found. */
export interface Finding {
  /** The check's name. */
  check: string;
  status: "ok" | "warning" | "problem";
  /** One sentence: what is so, or what is wrong and where. */
  text: string;
  /** A command to be pasted into a shell: it puts it right, or shows what is in the way; null where none can. */
  fix: string | null;
}

/** What a config asks of the machine. */
export interface Needs {
  /** The config's file as the user named it. */
  config: string;
  /** Path of the serial port. */
  port: string | null;
  /** Why none is there, where the config names a device and not a path: a sentence. */
  noPort: string | null;
  checkpoints: { directory: string; keep: number; bytes: number | null };
  /** Bytes of the network's arena, or why there can be none; null where the columns are not known. */
  arena: { bytes: number } | { refused: string } | null;
  /** Whether it names lines of the GPIO header. */
  gpio: boolean;
}

/** What every check may look at. */
export interface Examined {
  machine: Machine;
  board: Board;
  /** Null: the machine in general. */
  needs: Needs | null;
}

/** What a check gives: the finding without the name, or several, or null where there is nothing to say. */
export type Found = Omit<Finding, "check">;

/** One question to a machine. It changes nothing there. */
export interface Check {
  name: string;
  /** What cannot be told when a file is missing: "whether ...", "which ...". */
  question: string;
  /** @throws CannotTell where a file that it needs is missing or odd */
  ask(examined: Examined): Found | Found[] | null;
}

export const ok = (text: string): Found => ({ status: "ok", text, fix: null });
export const warning = (text: string, fix: string | null): Found => ({ status: "warning", text, fix });
export const problem = (text: string, fix: string | null): Found => ({ status: "problem", text, fix });
