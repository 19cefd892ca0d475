import type { Board } from "./board.ts";
import type { Machine } from "./machine.ts";

/** What one check found. */
export interface Finding {
  /** The check's name. */
  check: string;
  status: "ok" | "warning" | "problem";
  /** One sentence: the state, or what is wrong, where, and what to do. */
  text: string;
  /** Shell command that corrects the problem or shows its cause; null where no command can. */
  fix: string | null;
}

/** What a config needs from the machine. */
export interface Needs {
  /** Path of the config file, as the user wrote it. */
  config: string;
  /** Path of the serial port; null where the config uses none, or it was not found. */
  port: string | null;
  /** Why no port was found for the USB device that the config names, as a sentence; null otherwise. */
  noPort: string | null;
  /** `bytes`: the largest size of one checkpoint; null where the columns are not known. */
  checkpoints: { directory: string; keep: number; bytes: number | null };
  /** Bytes of all that is learned, or why it cannot be planned; null where the columns are not known. */
  planned: { bytes: number } | { refused: string } | null;
  /** Whether the config uses GPIO pins. */
  gpio: boolean;
}

/** The input of every check. */
export interface Examined {
  machine: Machine;
  board: Board;
  /** What the config needs; null: check the machine in general. */
  needs: Needs | null;
}

/** What a check found, without the name of the check. */
export type Found = Omit<Finding, "check">;

/** One check of a machine. It changes nothing there. */
export interface Check {
  name: string;
  /** What the check answers, as a clause: "whether ...", "which ...". */
  question: string;
  /**
   * Returns one finding, several, or null where the check does not apply.
   * @throws CannotTell where a file that it needs is missing or has an unexpected content
   */
  ask(examined: Examined): Found | Found[] | null;
}

/** A finding that all is well. */
export const ok = (text: string): Found => ({ status: "ok", text, fix: null });
/** A finding of something that may cause trouble; `fix` is a shell command. */
export const warning = (text: string, fix: string | null): Found => ({ status: "warning", text, fix });
/** A finding of something that keeps the daemon from working; `fix` is a shell command. */
export const problem = (text: string, fix: string | null): Found => ({ status: "problem", text, fix });
