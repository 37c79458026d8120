import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { startGunicornAt } from "./support/origins.ts";
import { isMissing } from "./support/programs.ts";
import { sidecarFor } from "./support/sidecar-for.ts";

/*
 * Goal: a full queue of a Unix socket is waited out, as TCP would, and no endpoint pays for it.
 * Method: gunicorn with one sync worker and the shortest queue, and many requests at once.
 */

const CLIENTS = 24;

test.skipIf(isMissing("gunicorn"))("gunicorn with a full queue answers everybody", async () => {
  const path = join(await temporaryFolder(), "app.sock");
  await using server = await startGunicornAt(path, "flask_app:app", ["--backlog", "4"]);
  const { sidecar, url } = await sidecarFor([server.address]);
  const all = Array.from({ length: CLIENTS }, () => fetch(url));
  const statuses = (await Promise.all(all)).map(({ status }) => status);
  expect(statuses).toEqual(Array(CLIENTS).fill(200));
  const text = await (await sidecar.call("GET", "/metrics")).text();
  expect(text).toContain('sluice_ejections_total{service="web",version="v1"} 0\n');
});
