/** Requests as nobody should send them: valid ones, changed at random. */
import type { Random } from "../../../src/engine/model/random.ts";

const odd = [
  ...[
    "//",
    "/..",
    "/%2e%2e/",
    "%00",
    "%",
    "%zz",
    "?",
    "#",
    "\\",
    "://",
    "[::1",
    "\u00ff",
    "\u0000",
    "\r\n",
    "\n",
    "\r",
  ],
  ...[
    "Content-Length: 1000000000\r\n",
    "Content-Length: -1\r\n",
    "Content-Length: 1e3\r\n",
    "Content-Length: 5, 6\r\n",
  ],
  ...[
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: identity\r\n",
    "0\r\n\r\n",
    "ffffffffff\r\n",
    "Expect: 100-continue\r\n",
  ],
  ...[
    "Host: evil.example\r\n",
    "Host: \r\n",
    "Origin: null\r\n",
    "Cookie: ;=;,\r\n",
    "Authorization: Bearer \r\n",
    "Upgrade: h2c\r\n",
  ],
  ...[
    "__proto__",
    "constructor",
    "9".repeat(400),
    "x".repeat(9000),
    "{".repeat(3000),
    '{"__proto__":{"x":1}}',
    "1e999",
    "-0",
    "NaN",
  ],
].map((text) => Buffer.from(text, "latin1"));

const whole = (random: Random, below: number) => Math.floor(below * random.uniform());

/** Changes address and body of a request and leaves it one that a parser of HTTP accepts: what is behind it is tried. */
export function mutateContent(request: Buffer, random: Random): Buffer {
  const text = request.toString("latin1");
  const [, method, address, headers, body] = /^(\S+) (\S+) (HTTP[\s\S]*?)\r\n\r\n([\s\S]*)$/.exec(text) ?? [];
  const changedAddress = mutate(Buffer.from(address, "latin1"), random)
    .toString("latin1")
    .replace(/[^\x21-\x7e]/g, "");
  const changedBody = body === "" ? body : mutate(Buffer.from(body, "latin1"), random).toString("latin1");
  const kept = headers.replace(/Content-Length: \d+/, `Content-Length: ${changedBody.length}`);
  return Buffer.from(`${method} ${changedAddress} ${kept}\r\n\r\n${changedBody}`, "latin1");
}

/** One to four changes: bytes replaced, left out, doubled or cut off, something odd put in. */
export function mutate(request: Buffer, random: Random): Buffer {
  let bytes = request;
  for (let changes = 1 + whole(random, 4); changes > 0; changes--) bytes = change(bytes, random);
  return bytes;
}

function change(bytes: Buffer, random: Random): Buffer {
  const from = whole(random, bytes.length + 1);
  const to = Math.min(bytes.length, from + 1 + whole(random, 12));
  const [before, middle, after] = [bytes.subarray(0, from), bytes.subarray(from, to), bytes.subarray(to)];
  switch (whole(random, 6)) {
    case 0:
      return Buffer.concat([before, Buffer.from(middle.map(() => whole(random, 256))), after]);
    case 1:
      return Buffer.concat([before, after]);
    case 2:
      return Buffer.concat([before, middle, middle, after]);
    case 3:
      return before;
    default:
      // In the first line more often than elsewhere: most of what a server decides on stands there.
      return random.uniform() < 0.5
        ? insert(bytes, whole(random, Math.max(1, bytes.indexOf("\r\n"))), random)
        : insert(bytes, from, random);
  }
}

function insert(bytes: Buffer, at: number, random: Random): Buffer {
  return Buffer.concat([bytes.subarray(0, at), odd[whole(random, odd.length)], bytes.subarray(at)]);
}
