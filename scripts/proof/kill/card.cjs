/**
 * Loaded into a process before the product, where the environment asks for it: a slow card, which takes a little of each
 * write at a time; or a careless program as well, which writes each file under its own name instead of renaming it. The
 * proof of kills must notice the second.
 */
const fs = require("node:fs");

const takes = 8192;
const waitMs = 1;
const card = process.env.RIVULET_PROOF_CARD;

function slow() {
  const { write, writeSync } = fs;
  fs.write = (file, bytes, offset, length, position, done) =>
    setTimeout(() => write(file, bytes, offset, Math.min(length, takes), position, done), waitMs);
  fs.writevSync = (file, [first, ...rest]) => {
    if (first.byteLength + rest.length === 0) return 0;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, waitMs);
    return writeSync(file, first, 0, Math.min(first.byteLength, takes));
  };
}

/** What a temporary file would be renamed to. */
const named = (path) =>
  String(path)
    .replace(/\.tmp$/, "")
    .replace(/\.(?=[^/]*\.rivulet-partial$)([^/]*)\.rivulet-partial$/, "$1");

function careless() {
  const { open, openSync, rename, renameSync } = fs;
  const flagsOf = (path, flags) => (named(path) === path ? flags : "w");
  fs.open = (path, flags, mode, done) => open(named(path), flagsOf(path, flags), mode, done);
  fs.openSync = (path, flags, mode) => openSync(named(path), flagsOf(path, flags), mode);
  fs.rename = (from, to, done) => (named(from) === to ? setImmediate(done, null) : rename(from, to, done));
  fs.renameSync = (from, to) => (named(from) === to ? undefined : renameSync(from, to));
}

if (card !== undefined) slow();
if (card === "careless") careless();
