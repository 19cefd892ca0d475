/** What tests need that a machine may lack. `skipped.ts` says at the end of a run what that left out. */
import type { TestOptions } from "vitest";

declare module "vitest" {
  interface TaskMeta {
    /** What to install, or to be, for a test that is left out here. */
    needs?: string;
  }
}

/**
 * Options of a test or of a group of them that run only where the condition holds.
 * @param needed what to do about it, such as `apt install gcc`
 */
export function needing(isMet: boolean, needed: string): TestOptions {
  return isMet ? {} : { skip: true, meta: { needs: needed } };
}

/** For tests that mount something in a namespace of their own. */
export const mounting = "root, or user namespaces (sysctl kernel.unprivileged_userns_clone=1)";
/** For tests that become somebody else, which only root can. */
export const beingRoot = "root";
