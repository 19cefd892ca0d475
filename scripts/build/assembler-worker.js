/**
 * Worker thread: compiles one AssemblyScript module after the other, each an `Assembly` of assembler.ts. Not in
 * TypeScript, because Node 20 starts workers without the loader of the thread that starts them.
 */
import { fileURLToPath } from "node:url";
import { parentPort } from "node:worker_threads";
import asc from "assemblyscript/asc";

const root = fileURLToPath(new URL("../..", import.meta.url));

parentPort?.on("message", async ({ entry, features, options = [] }) => {
  let bytes;
  const { error, stderr } = await asc.main(
    [
      entry,
      ...["--baseDir", root, "--outFile", "module.wasm", "--runtime", "stub", "--use", "abort="],
      ...["--optimizeLevel", "3", "--shrinkLevel", "0", "--noAssert"],
      ...features.flatMap((feature) => ["--enable", feature]),
      ...options,
    ],
    {
      writeFile(_, contents) {
        bytes = contents;
      },
    },
  );
  parentPort?.postMessage(error === null ? { bytes } : { failure: `${entry}: ${stderr}` });
});
