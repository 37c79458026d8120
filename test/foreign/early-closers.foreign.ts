import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { startSidecar } from "../support/sidecar.ts";
import { startGunicorn } from "./support/origins.ts";
import { isMissing } from "./support/programs.ts";
import { SlowWire } from "./support/slow-wire.ts";

/*
 * Goal: a POST never meets the end of a connection that its application closes at rest. Method:
 * gunicorn with threads, which closes after 2 s and does not say so, at the end of a wire that
 * takes 25 ms each way, and clients that pause for about as long.
 */

const WIRE_MS = 25;
const CLIENTS = 24;
/** Every pause from 2 to 3.1 s comes in steps of 50 ms, to each client in another order. */
const PAUSE_MIN_MS = 2_000;
const PAUSE_STEP_MS = 50;
const PAUSE_STEPS = 23;
const POSTS = 14;

/** One POST; its status. */
function post(port: number, host: string, agent: Agent): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const to = { host: "127.0.0.1", port, path: "/length", method: "POST", headers: { host } };
    const sent = request({ ...to, agent }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode));
    });
    sent.on("error", reject).end("body");
  });
}

describe("gunicorn behind a wire", { timeout: 90_000 }, () => {
  test("answers each POST of clients that pause for 2 to 3.1 s", async (context) => {
    context.skip(isMissing("gunicorn"), "no gunicorn");
    await using origin = await startGunicorn("flask_app:app", ["--threads", "4"]);
    using wire = await SlowWire.start(origin.address, WIRE_MS);
    const names = Array.from({ length: CLIENTS }, (_, at) => `web${at}`);
    const service = { versions: { v1: { endpoints: [wire.address] } } };
    const sidecar = await startSidecar({
      listeners: [{ bind: "127.0.0.1:0" }],
      services: Object.fromEntries(names.map((name) => [name, service])),
    });
    onTestFinished(() => sidecar.stop());
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());

    const statuses = names.map(async (name, client) => {
      const seen: (number | undefined)[] = [];
      for (let at = 0; at < POSTS; at += 1) {
        seen.push(await post(sidecar.ports[0] as number, name, agent));
        // oxlint-disable-next-line no-await-in-loop
        await sleep(PAUSE_MIN_MS + PAUSE_STEP_MS * ((client + 5 * at) % PAUSE_STEPS));
      }
      return seen;
    });
    const all = (await Promise.all(statuses)).flat();
    expect(all).toEqual(Array<number>(CLIENTS * POSTS).fill(200));
  });
});
