import { expect, onTestFinished, test } from "vitest";
import { createLearner } from "../../src/learner/create-learner.ts";
import { startStatusServer } from "../../src/library/status-server.ts";
import type { StatusDocument } from "../../src/status/document.ts";

const learnerOf = () =>
  createLearner({
    fields: ["a", "b", "label"],
    target: { column: "label", classes: 2, names: ["off", "on"] },
  });

test("a learner of a program is watched as a daemon is, with what the program adds", async () => {
  const learner = learnerOf();
  let isTold = false;
  const server = await startStatusServer(learner, {
    listen: "127.0.0.1:0",
    more: () => ({ problems: ["the belt slips"] }),
    commands: {
      pause: () => {
        isTold = true;
        return { done: true, text: "paused" };
      },
    },
  });
  onTestFinished(() => server.close());
  for (let i = 0; i < 300; i++) learner.observe(Float64Array.of(i % 2, i % 5, i % 2), 0);
  const status = (await (await fetch(`${server.url}status.json`)).json()) as StatusDocument;
  expect(status).toMatchObject({
    health: "learning",
    target: { column: "label", classes: ["off", "on"] },
    problems: ["the belt slips"],
    training: { samplesSeen: 300 },
  });
  expect(status.fields.map(({ name }) => name)).toEqual(["a", "b", "label"]);
  const metrics = await (await fetch(`${server.url}metrics`)).text();
  expect(metrics).toContain("rivulet_samples_total 300\n");
  expect(metrics).toMatch(/rivulet_accuracy\{window="all"\} (1|0\.9\d*)\n/);
  const post = (token: string) =>
    fetch(`${server.url}pause`, {
      method: "POST",
      body: "{}",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    });
  expect([(await post("guessed")).status, isTold]).toEqual([401, false]);
  expect([(await post(server.token)).status, isTold]).toEqual([200, true]);
});

test("an address that others can reach asks for a token", async () => {
  await expect(startStatusServer(learnerOf(), { listen: "0.0.0.0:0" })).rejects.toThrow(
    "others can reach 0.0.0.0:0, expected a token of at least 22 characters",
  );
  await expect(startStatusServer(learnerOf(), { listen: "here" })).rejects.toThrow('found "here" as listen');
});

test("an address that another program has is refused in a sentence", async () => {
  const first = await startStatusServer(learnerOf(), { listen: "127.0.0.1:0" });
  onTestFinished(() => first.close());
  const { host } = new URL(first.url);
  await expect(startStatusServer(learnerOf(), { listen: host })).rejects.toMatchObject({
    code: "status.listen",
    message: expect.stringMatching(
      new RegExp(`^cannot serve the status page at ${host}: .*; name another address as listen$`),
    ),
  });
});
