import { afterAll, describe, expect, test } from "vitest";
import { startSidecar } from "../support/sidecar.ts";
import { CLIENTS } from "./support/clients.ts";
import { startNginx } from "./support/configured-servers.ts";
import type { ForeignServer } from "./support/foreign-process.ts";
import { startGo, startGunicorn, startHttpServer, startNode, startPhp } from "./support/origins.ts";
import { isMissing } from "./support/programs.ts";

/*
 * Goal: who is refused before the request is whole gets that answer, and no error of the network.
 * Method: every client posts 2 MB to origins that answer without reading and close, each in its own
 * way, and 5 MB to a service that takes 100 KiB. Directly, many of these lose the answer.
 */

type Refusing = {
  readonly name: string;
  readonly needs: readonly string[];
  readonly status: string;
  readonly start: () => Promise<ForeignServer>;
};

const ORIGINS: readonly Refusing[] = [
  {
    name: "gunicorn",
    needs: ["gunicorn"],
    status: "401",
    start: () => startGunicorn("flask_app:app"),
  },
  { name: "http.server", needs: ["python"], status: "501", start: startHttpServer },
  { name: "node", needs: [], status: "413", start: () => startNode("node-origin.cjs") },
  { name: "go", needs: ["go"], status: "401", start: startGo },
  { name: "php", needs: ["php"], status: "401", start: startPhp },
  { name: "nginx", needs: ["nginx"], status: "413", start: startSmallNginx },
];

const COUNT = 5;
const REFUSED_BYTES = 2_000_000;
const TOO_LARGE_BYTES = 5_000_000;

describe("Answers that come before the request is whole", async () => {
  const here = ORIGINS.filter(({ needs }) => !isMissing(...needs));
  await using stack = new AsyncDisposableStack();
  const services = new Map<string, object>();
  for (const { name, start } of here) {
    const { address } = stack.use(await start());
    services.set(name, { versions: { v1: { endpoints: [address] } } });
  }
  const small = { versions: { v1: { endpoints: ["127.0.0.1:1"] } }, maxBody: "100KiB" };
  const sidecar = await startSidecar({
    listeners: [...services.keys(), "small"].map((service, place) => ({
      bind: `127.0.0.${place + 1}:0`,
      service,
    })),
    services: { ...Object.fromEntries(services), small },
  });
  stack.defer(() => sidecar.stop());
  const kept = stack.move();
  afterAll(() => kept.disposeAsync());

  const urls = sidecar.ports.map((port, place) => `http://127.0.0.${place + 1}:${port}/refuse`);
  const refusals = here.flatMap(({ name, status }) =>
    Array<string>(COUNT).fill(`${name} ${status}`),
  );

  test.for(CLIENTS)("$name gets the refusal of each origin", async ({ needs, send }, context) => {
    context.skip(isMissing(...needs), `no ${needs.join(", ")}`);
    const outcomes = await send(urls.slice(0, here.length), REFUSED_BYTES, COUNT);
    const named = outcomes.map((each, place) => `${here[Math.floor(place / COUNT)]?.name} ${each}`);
    expect(named).toEqual(refusals);
  });

  test.for(CLIENTS)("$name gets our own 413", async ({ needs, send }, context) => {
    context.skip(isMissing(...needs), `no ${needs.join(", ")}`);
    const outcomes = await send(urls.slice(here.length), TOO_LARGE_BYTES, 2 * COUNT);
    expect(outcomes).toEqual(Array(2 * COUNT).fill("413"));
  });
});

/** nginx that takes 100 KB and no more. */
function startSmallNginx(): Promise<ForeignServer> {
  return startNginx(
    ({ port, folder }) =>
      `server { listen 127.0.0.1:${port}; client_max_body_size 100k; root ${folder}; }`,
  );
}
