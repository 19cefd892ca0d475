/** The page that shows the devices, and the same for Prometheus, to whoever has the key of the administrator. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { isSameSecret } from "../../machine/secret.ts";
import type { ModelStatus } from "../../model-status.ts";
import { countWas, formatCount, formatDuration, formatShare } from "../../wording/quantities.ts";
import type { DeviceRow, Devices } from "./fleet.ts";
import { adminKeyId, type Registry } from "./registry.ts";
import { escaped } from "./xml.ts";

interface Surroundings {
  fleet: Devices;
  registry: Registry;
  clock: () => number;
}

const cookieName = "rivulet";
const cookieSeconds = 30 * 24 * 3600;
const mostFormBytes = 1024;
/** No script, nothing from elsewhere, and no other page may frame it. */
const pageHeaders = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};

/** Answers what is for people and for Prometheus; false where the request is for somebody else. */
export async function answerPage(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  { fleet, registry, clock }: Surroundings,
): Promise<boolean> {
  const { method = "" } = request;
  if (path === "/login" && method === "POST") {
    await logIn(request, response, registry, clock());
    return true;
  }
  if ((path !== "/" && path !== "/metrics") || (method !== "GET" && method !== "HEAD")) return false;
  if (!isAdmin(request, registry, clock())) {
    if (path === "/") page(response, 401, loginForm(""));
    else {
      response.writeHead(401, { "www-authenticate": 'Bearer realm="rivulet"', "content-type": "text/plain" });
      response.end(
        "found no valid key, expected the header: Authorization: Bearer, with the secret of the key admin\n",
      );
    }
    return true;
  }
  const rows = await fleet.rows(clock());
  if (path === "/") {
    response.writeHead(200, pageHeaders);
    await send(response, whole(fleetHtml(rows, clock())));
  } else {
    response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
    await send(response, metricsText(rows));
  }
  return true;
}

/** Sends a text part by part, as fast as it is read: that of 20,000 devices has 12 MB. */
async function send(response: ServerResponse, parts: Iterable<string>): Promise<void> {
  for (const part of parts) {
    // Whoever asked may leave at any time. A fault of a part itself is one of the host.
    if (response.destroyed) return;
    if (!response.write(part)) await moved(response);
  }
  response.end();
}

/** Waits until an answer takes more, or is cut. */
const moved = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      response.off("drain", done).off("close", done);
      resolve();
    };
    response.on("drain", done).on("close", done);
  });

function isAdmin({ headers }: IncomingMessage, registry: Registry, nowMs: number): boolean {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
  const secret = registry.holder(adminKeyId)?.secret ?? "";
  if (bearer !== undefined) return isSameSecret(bearer, secret);
  const [, until, seal] =
    new RegExp(`(?:^|; *)${cookieName}=(\\d{1,12})\\.([\\w-]{43})(?:;|$)`).exec(headers.cookie ?? "") ?? [];
  return (
    until !== undefined && Number(until) * 1000 > nowMs && isSameSecret(seal, registry.seal(`page:${until}`))
  );
}

/** Exchanges the key of the administrator once for a cookie that no script can read and no other page can use. */
async function logIn(
  request: IncomingMessage,
  response: ServerResponse,
  registry: Registry,
  nowMs: number,
): Promise<void> {
  const form = await formOf(request);
  if (!isSameSecret(form?.get("key")?.trim() ?? "", registry.holder(adminKeyId)?.secret ?? "")) {
    page(response, 403, loginForm("This is not the key of the administrator."));
    return;
  }
  const until = Math.floor(nowMs / 1000) + cookieSeconds;
  const isSecure = "encrypted" in request.socket;
  const cookie = `${cookieName}=${until}.${registry.seal(`page:${until}`)}; Path=/; Max-Age=${cookieSeconds}; HttpOnly; SameSite=Strict${isSecure ? "; Secure" : ""}`;
  response.writeHead(303, { location: "/", "set-cookie": cookie, "cache-control": "no-store" }).end();
}

async function formOf(request: IncomingMessage): Promise<URLSearchParams | null> {
  let text = "";
  for await (const chunk of request as AsyncIterable<Buffer>) {
    text += chunk.toString("latin1");
    if (text.length > mostFormBytes) return null;
  }
  return new URLSearchParams(text);
}

function page(response: ServerResponse, status: number, body: string): void {
  const html = [...whole([body])].join("");
  response.writeHead(status, { ...pageHeaders, "content-length": Buffer.byteLength(html) }).end(html);
}

function* whole(body: Iterable<string>): Generator<string> {
  yield `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Rivulet devices</title>
<style>${style}</style></head><body>`;
  yield* body;
  yield "</body></html>\n";
}

/** Devices in one part of what is sent. */
const rowsOfPart = 200;

function* partsOf<Row>(rows: readonly Row[], text: (row: Row) => string): Generator<string> {
  for (let begin = 0; begin < rows.length; begin += rowsOfPart)
    yield rows
      .slice(begin, begin + rowsOfPart)
      .map(text)
      .join("");
}

/** The columns of a device, as the page and `rivulet host list` show them. */
export const fleetColumns = [
  "device",
  "last seen",
  "samples",
  "skill",
  "error",
  "lost",
  "damaged",
  "version",
  "model",
  "problems",
];
/** Which of them hold numbers. */
export const numericColumns = [2, 3, 4, 5, 6];

/** On a phone each device is a paragraph, with the name of a column before its cell. */
const columnNames = fleetColumns
  .map((name, index) => (index === 0 ? "" : `td:nth-child(${index + 1})::before { content: "${name}: "; }\n`))
  .join("");

const style = `
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 0.35rem 0.75rem 0.35rem 0; border-bottom: 1px solid #8884; vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
tr.silent td { background: #d2222230; }
input { font: inherit; padding: 0.3rem; width: 24rem; max-width: 100%; }
@media (min-width: 48.01rem) { td:not(:last-child) { white-space: nowrap; } }
@media (max-width: 48rem) {
thead, td:empty { display: none; }
table, tbody, tr, td { display: block; }
tr { padding: 0.5rem 0; border-bottom: 1px solid #8884; overflow-wrap: anywhere; }
td, td.number { border: 0; padding: 0; text-align: left; }
td:first-child { font-weight: bold; }
td::before { opacity: 0.7; }
${columnNames}}
`;

const loginForm = (complaint: string) => `<h1>Rivulet devices</h1>
<p>${escaped(complaint)}</p>
<form method="post" action="/login"><label>Key of the administrator, from .host/admin.key in the host's folder<br>
<input type="password" name="key" autocomplete="current-password" autofocus></label> <button>Show</button></form>`;

/** The cells of a device, in the order of the columns. */
export function fleetCells({ device, lastSeenMs, isSilent, status }: DeviceRow, nowMs: number): string[] {
  const { report, sync, newest, rivulet } = status;
  const model = report.model ?? null;
  const problems = [
    ...(isSilent ? [`silent, expected every ${formatDuration(status.every)}`] : []),
    ...report.problems,
    ...(model?.reason === undefined ? [] : [`model ${model.version} ${model.state}: ${model.reason}`]),
    ...(sync.dropped > 0 ? [`${countWas(sync.dropped, "checkpoint")} never sent`] : []),
    // Of a board of an earlier version it is empty.
    ...(sync.problem ? [sync.problem] : []),
  ];
  return [
    device,
    `${formatDuration(nowMs - lastSeenMs)} ago`,
    String(newest?.samplesSeen ?? 0),
    report.skill === null ? "" : formatShare(report.skill),
    report.accuracy === null
      ? (report.meanAbsoluteError?.toPrecision(3) ?? "")
      : formatShare(1 - report.accuracy),
    String(report.lost),
    String(report.damaged),
    rivulet,
    modelCell(model),
    problems.join("; "),
  ];
}

/** Which published model a device has, what became of it, and how it compares: `17 in use, loss -3.1e-2`. */
function modelCell(model: ModelStatus | null): string {
  if (model === null || model.state === "none") return "";
  const { version, state, difference } = model;
  return `${version} ${state}${difference === null ? "" : `, loss ${difference > 0 ? "+" : ""}${difference.toPrecision(2)}`}`;
}

function* fleetHtml(rows: readonly DeviceRow[], nowMs: number): Generator<string> {
  const silent = rows.filter(({ isSilent }) => isSilent).length;
  const kind = (index: number) => (numericColumns.includes(index) ? ' class="number"' : "");
  const head = fleetColumns.map((name, index) => `<th${kind(index)}>${name}</th>`).join("");
  yield `<h1>${formatCount(rows.length, "device")}${silent > 0 ? `, ${silent} silent` : ""}</h1>
<table><thead><tr>${head}</tr></thead><tbody>`;
  yield* partsOf(rows, (row) => {
    const cells = fleetCells(row, nowMs).map((cell, index) => `<td${kind(index)}>${escaped(cell)}</td>`);
    return `<tr${row.isSilent ? ' class="silent"' : ""}>${cells.join("")}</tr>\n`;
  });
  yield "</tbody></table>";
}

/** The state of all devices in the text format of Prometheus. */
function* metricsText(rows: readonly DeviceRow[]): Generator<string> {
  const metrics: [name: string, help: string, value: (row: DeviceRow) => number | null][] = [
    [
      "last_seen_timestamp_seconds",
      "Time at which the last status arrived.",
      ({ lastSeenMs }) => lastSeenMs / 1000,
    ],
    ["silent", "1 where nothing arrived for three intervals.", ({ isSilent }) => Number(isSilent)],
    [
      "samples",
      "Samples that the newest checkpoint has learned from.",
      ({ status }) => status.newest?.samplesSeen ?? 0,
    ],
    ["skill", "Part of the loss of the best simple rule that is saved.", ({ status }) => status.report.skill],
    ["accuracy", "Share of samples that were classified correctly.", ({ status }) => status.report.accuracy],
    [
      "mean_absolute_error",
      "Mean absolute error of a number.",
      ({ status }) => status.report.meanAbsoluteError,
    ],
    ["lost_samples", "Samples that never arrived at the device.", ({ status }) => status.report.lost],
    ["damaged_samples", "Samples that arrived damaged at the device.", ({ status }) => status.report.damaged],
    [
      "dropped_checkpoints",
      "Checkpoints that were deleted before they could be sent.",
      ({ status }) => status.sync.dropped,
    ],
    ["waiting_checkpoints", "Checkpoints that wait at the device.", ({ status }) => status.sync.waiting],
    [
      "model_version",
      "Version of the published model that the device has taken last.",
      ({ status }) => status.report.model?.version ?? null,
    ],
    [
      "problems",
      "Number of problems that the device reports.",
      ({ status }) => status.report.problems.length + Number(status.sync.problem !== null),
    ],
  ];
  yield `# HELP rivulet_devices Devices that ever sent a status.\n# TYPE rivulet_devices gauge\nrivulet_devices ${rows.length}\n`;
  for (const [name, help, read] of metrics) {
    const full = `rivulet_device_${name}`;
    yield `# HELP ${full} ${help}\n# TYPE ${full} gauge\n`;
    yield* partsOf(rows, (row) => {
      const value = read(row);
      return value === null ? "" : `${full}{device="${row.device}"} ${value}\n`;
    });
  }
}
