/** The status page: follows the daemon's events, and sends its commands. It asks nobody but the board that served it. */
import type { StatusDocument } from "../status/document.ts";
import type { HistoryColumns } from "../status/history.ts";
import { formatDuration } from "../wording/quantities.ts";
import { createChart, type View } from "./chart.ts";
import { byId } from "./elements.ts";
import { drawFacts } from "./facts.ts";
import { withLocalTimes } from "./numbers.ts";
import {
  drawAnomaly,
  drawConfusion,
  drawEvents,
  drawExperts,
  drawFields,
  drawModel,
  drawProblems,
  drawTiles,
} from "./sections.ts";

type Range = "hour" | "day" | "all";

const hour = 3600;
const historyEveryMs = 10_000;
const reconnectMs = 3000;
/** Without a word for this long the daemon is out of reach. */
const silentMs = 5000;
const tokenAtStart = new URLSearchParams(location.hash.slice(1)).get("token");

const chart = createChart();
let status: StatusDocument | null = null;
let range: Range = "hour";
let view: View = "score";
let heardAt = Date.now();
let source: EventSource | null = null;

const json = { "Content-Type": "application/json" };

/** Shows the token once, for a cookie that stays; false where it is wrong. */
async function signIn(token: string): Promise<boolean> {
  const response = await fetch("session", {
    method: "POST",
    headers: { ...json, Authorization: `Bearer ${token}` },
  });
  byId("token-form").hidden = response.ok;
  say(response.ok ? "" : "This is not the token of this daemon.");
  return response.ok;
}

function say(text: string): void {
  byId("message").hidden = text === "";
  byId("message").textContent = text;
}

async function command(name: string): Promise<void> {
  const response = await fetch(name, { method: "POST", headers: json });
  if (response.status === 401) {
    byId("token-form").hidden = false;
    say("");
    byId("token").focus();
    return;
  }
  const { text, error } = (await response.json()) as { text?: string; error?: string };
  say(text ?? error ?? "");
}

const history = async (step: string): Promise<HistoryColumns> =>
  (await fetch(`history.json?step=${step}`)).json();

/** The finest steps that hold what is asked for. */
async function historyFor(range: Range): Promise<{ history: HistoryColumns; seconds: number | null }> {
  if (range === "hour") return { history: await history("10s"), seconds: hour };
  if (range === "day") {
    const coarse = await history("10min");
    return coarse.time.length < 12
      ? { history: await history("10s"), seconds: null }
      : { history: coarse, seconds: 24 * hour };
  }
  for (const [step, fewest] of [
    ["1d", 4],
    ["10min", 7],
  ] as const) {
    const found = await history(step);
    if (found.time.length >= fewest) return { history: found, seconds: null };
  }
  return { history: await history("10s"), seconds: null };
}

async function drawChart(): Promise<void> {
  if (status === null) return;
  if (status.target === null) return;
  const ofClasses = status.target.classes !== null;
  try {
    chart.draw({ ...(await historyFor(range)), view, ofClasses, events: status.recent });
  } catch {} // the daemon is away, which the head of the page says
}

function draw(next: StatusDocument): void {
  const isFirst = status === null;
  status = next;
  heardAt = Date.now();
  document.querySelector("main")?.removeAttribute("hidden");
  document.title = `${next.name}: ${next.health}`;
  byId("name").textContent = next.name;
  showState(next);
  byId("about").textContent = `rivulet ${next.version}, up ${formatDuration(1000 * next.uptimeSeconds)}`;
  byId("pause").textContent = next.training.paused ? "Resume" : "Pause";
  drawProblems(next);
  drawAnomaly(next);
  drawTiles(next);
  drawConfusion(next);
  drawModel(next);
  drawExperts(next);
  drawFields(next);
  drawFacts(next);
  drawEvents(next);
  if (!isFirst) return;
  byId("chart-panel").hidden = next.target === null;
  if (next.target === null) return;
  const ofClasses = next.target.classes !== null;
  byId("chart-title").textContent = ofClasses ? "Accuracy" : `Mean error of ${next.target.column}`;
  byId("views").hidden = !ofClasses;
  void drawChart();
}

function showHealth(state: string, reason: string): void {
  byId("health").dataset["state"] = state;
  byId("state").textContent = state;
  byId("reason").textContent = withLocalTimes(reason);
}

/** The state in a word, with the reason where it is not among the problems or in the panel of the anomaly. */
function showState({ health, reason, problems, anomaly }: StatusDocument): void {
  const isAlarm = anomaly?.isOpen === true && (health === "watching" || health === "learning");
  showHealth(isAlarm ? "alarm" : health, isAlarm || problems.includes(reason) ? "" : reason);
}

/** Follows the events; where the server refuses, it asks for the token. */
async function follow(): Promise<void> {
  try {
    const response = await fetch("status.json");
    if (response.status === 401) {
      byId("token-form").hidden = false;
      showHealth("locked", "this daemon asks for its token");
      return;
    }
    draw((await response.json()) as StatusDocument);
  } catch {
    setTimeout(() => void follow(), reconnectMs);
    return;
  }
  source?.close();
  source = new EventSource("events");
  source.addEventListener("status", ({ data }) => draw(JSON.parse(data) as StatusDocument));
  source.addEventListener("error", () => {
    if (source?.readyState === EventSource.CLOSED) setTimeout(() => void follow(), reconnectMs);
  });
}

function choose(group: string, key: string, chosen: (value: string) => void): void {
  const buttons = [...byId(group).querySelectorAll("button")];
  for (const button of buttons) {
    button.addEventListener("click", () => {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      chosen(button.dataset[key] as string);
      void drawChart();
    });
  }
}

choose("ranges", "range", (value) => {
  range = value as Range;
});
choose("views", "view", (value) => {
  view = value as View;
  byId("chart-title").textContent = view === "loss" ? "Log loss" : "Accuracy";
});
byId("save").addEventListener("click", () => void command("checkpoint"));
byId("pause").addEventListener("click", () => void command(status?.training.paused ? "resume" : "pause"));
byId("normal").addEventListener("click", () => void command("normal"));
byId("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = byId<HTMLInputElement>("token");
  void signIn(field.value.trim()).then((isIn) => {
    if (!isIn) return;
    field.value = "";
    if (status === null) void follow();
  });
});
setInterval(() => {
  if (status !== null && Date.now() - heardAt > silentMs) {
    showHealth("lost", `nothing heard for ${formatDuration(Date.now() - heardAt)}`);
  }
}, 1000);
setInterval(() => void drawChart(), historyEveryMs);

if (tokenAtStart === null) void follow();
else {
  // It stays neither in the address nor in the history of the browser.
  window.history.replaceState(null, "", location.pathname + location.search);
  void signIn(tokenAtStart).then(() => follow());
}
