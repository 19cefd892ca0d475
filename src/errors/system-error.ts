const reasons: Record<string, string> = {
  ENOENT: "there is no such file",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "it is a folder; name a file in it",
  ENOTDIR: "a part of the path is not a folder",
  ELOOP: "its symbolic links lead in a circle",
  ENAMETOOLONG: "its name is too long",
  ENOSPC: "no space left on the disk",
  EDQUOT: "the disk quota is used up",
  EROFS: "the file system is read-only",
  EMFILE: "too many files are open",
  EIO: "the device reports an input/output error",
};

/** Returns why a call to the operating system failed, as a clause that fits after a colon. */
export function reasonOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === "string" && Object.hasOwn(reasons, code)) return reasons[code];
  return error instanceof Error ? error.message : String(error);
}

/** Calls that say something of a path alone, and change nothing. */
const looks = ["stat", "lstat", "access", "realpath", "readlink", "open", "scandir"];

/** A failed look at a path that nobody has put into words, as one sentence; null for every other error. */
export function describeLook(error: unknown): string | null {
  const { code, syscall, path } = (error ?? {}) as NodeJS.ErrnoException;
  if (code === undefined || path === undefined || !looks.includes(syscall ?? "")) return null;
  return `cannot use ${path.length > 200 ? `${path.slice(0, 200)}…` : path}: ${reasonOf(error)}`;
}
