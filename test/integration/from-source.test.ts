import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { KeptConnection } from "../support/kept-connection.ts";
import { runSluice } from "../support/run-sluice.ts";
import { startSidecar } from "../support/sidecar.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: the program runs from its sources too, without a build, as those do who work on it. All
 * other tests start the build.
 */

const SOURCE = fileURLToPath(new URL("../../control/cli/main.ts", import.meta.url));

test("a sidecar serves, swaps its workers and ends, all from source", async () => {
  using origin = await VersionOrigin.start("v1");
  const services = { web: { versions: { v1: { endpoints: [origin.address] } } } };
  const sidecar = await startSidecar({ services }, {}, SOURCE);
  onTestFinished(() => sidecar.stop());
  const swap = await sidecar.call("POST", "/v1/workers/swap", { trial: "100ms" });
  expect(swap.status).toBe(200);
  const client = await KeptConnection.open(sidecar.ports[0] ?? 0);
  expect((await client.get("web")).body).toBe("v1");
  client.close();
  sidecar.child.kill("SIGTERM");
  expect(await sidecar.ended).toBe(0);
});

test("a command runs from source", async () => {
  expect(await runSluice(["--version"], SOURCE)).toMatchObject({ status: 0, error: "" });
});
