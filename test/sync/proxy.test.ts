import { expect, test } from "vitest";
import { clientOf, startHost } from "./running-host.ts";
import { openDoor } from "./store-door.ts";

const key = "devices/pump-7/status.json";

test.each([
  ["and tells the one that the device has asked for", (host: string) => host],
  ["and a second one, which tells its own too", (host: string) => `${host}, proxy:80`],
  ["and tells nothing", null],
])("a proxy puts another name into Host %s", async (_, tells) => {
  const host = await startHost();
  const door = await openDoor(host, ({ headers }) => {
    if (tells !== null) headers["x-forwarded-host"] = tells(headers.host as string);
    headers.host = "upstream:9000";
    return false;
  });
  const store = clientOf(host, "pump-7", { to: door.to, retryMs: [] });
  const asked = store.get(key, { mostBytes: 4096 });
  if (tells !== null) expect(await asked).toBeNull();
  else await expect(asked).rejects.toThrow(/the secret is another one, or a proxy has changed the request/);
  store.close();
});
