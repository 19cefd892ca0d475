/** A line for each step as it begins and ends, and a sign of life every second and a half while any of them runs. */
const longestSilenceMs = 1500;

export interface Progress {
  begin(step: string): void;
  end(step: string): void;
}

/** Reports on standard error: with --silent npm says nothing, and on a small board a step takes minutes. */
export function createProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  const start = performance.now();
  const running = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  // A terminal keeps the line of what still runs, until another takes its place.
  const [before, after] = stream.isTTY ? ["\r\x1b[K", ""] : ["", "\n"];

  function say(text: string, end = "\n"): void {
    const seconds = ((performance.now() - start) / 1000).toFixed(1).padStart(6);
    stream.write(`${before}${seconds} s  ${text}${end}`);
  }

  function sayStill(): void {
    if (running.size > 0) say(`still at ${[...running].join(", ")}`, after);
  }

  return {
    begin(step) {
      if (timer === undefined) {
        stream.write("building Rivulet from its source\n");
        timer = setInterval(sayStill, longestSilenceMs).unref();
      }
      running.add(step);
      say(step);
      timer.refresh();
    },
    end(step) {
      running.delete(step);
      say(`${step}: done`);
      timer?.refresh();
    },
  };
}
