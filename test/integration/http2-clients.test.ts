import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:http2";
import type { ClientHttp2Session, IncomingHttpStatusHeader } from "node:http2";
import { afterEach, beforeEach, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: what shifts, drains and swaps promise holds for clients that keep one connection of HTTP/2
 * for all they ask. Method: a client that asks side by side, and opens another connection when it
 * was asked to leave, as clients do.
 */

const AT_ONCE = 10;

let origins: readonly VersionOrigin[];
let sidecar: TestSidecar;

/** A client that goes on elsewhere when it has to leave. */
class Client {
  readonly #url: string;
  #session: ClientHttp2Session | undefined;
  /** What has gone wrong. */
  readonly failures: string[] = [];
  opened = 0;
  answers = 0;

  constructor(port: number) {
    this.#url = `http://127.0.0.1:${port}`;
  }

  /** The body of the answer to one request. */
  async get(path = "/"): Promise<string> {
    try {
      const stream = this.#connection().request({ ":path": path, ":authority": "web" });
      stream.setEncoding("latin1");
      const [{ ":status": status }] = (await once(stream, "response")) as [
        IncomingHttpStatusHeader,
      ];
      let body = "";
      for await (const piece of stream) body += piece as string;
      if (status !== 200) this.failures.push(`${status} ${body}`);
      this.answers += 1;
      return body;
    } catch (error) {
      this.failures.push(String(error));
      return "";
    }
  }

  /** Asks again and again until `isOver`, so many at once. Returns how often. */
  async load(isOver: () => boolean): Promise<number> {
    let count = 0;
    const ask = async (): Promise<void> => {
      while (!isOver()) {
        await this.get();
        count += 1;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, ask));
    return count;
  }

  close(): void {
    this.#session?.destroy();
  }

  #connection(): ClientHttp2Session {
    if (this.#session !== undefined) return this.#session;
    const session = connect(this.#url);
    const leave = (): void => {
      if (this.#session === session) this.#session = undefined;
    };
    session.on("goaway", leave).on("close", leave).on("error", leave);
    this.opened += 1;
    this.#session = session;
    return session;
  }
}

let client: Client;

beforeEach(async () => {
  origins = await Promise.all(["v1", "v2"].map((name) => VersionOrigin.start(name)));
  sidecar = await startSidecar({ workers: 1, services: { web: service(90, 10) } });
  client = new Client(sidecar.ports[0] ?? 0);
});
afterEach(async () => {
  client.close();
  await sidecar.stop();
  for (const origin of origins) origin[Symbol.dispose]();
});

function service(...weights: readonly number[]): object {
  const versions = origins.map(({ name, address }, index) => [
    name,
    { weight: weights[index], endpoints: [address] },
  ]);
  return { versions: Object.fromEntries(versions) };
}

test("every request on one connection is split by itself, within 2 of its share", async () => {
  const bodies: string[] = [];
  for (let round = 0; round < 20; round += 1) {
    bodies.push(...(await Promise.all(Array.from({ length: AT_ONCE }, () => client.get()))));
  }
  const ofSecond = bodies.filter((body) => body === "v2").length;
  expect(Math.abs(ofSecond - bodies.length / 10)).toBeLessThanOrEqual(2);
  await sidecar.call("PUT", "/v1/services/web", service(0, 100));
  const after = await Promise.all(Array.from({ length: AT_ONCE }, () => client.get()));
  expect([new Set(after), client.opened, client.failures]).toEqual([new Set(["v2"]), 1, []]);
});

test("a swap loses no request, and its clients go on at the new workers", async () => {
  let isOver = false;
  const load = client.load(() => isOver);
  for (let swaps = 0; swaps < 2; swaps += 1) {
    const swapped = await sidecar.call("POST", "/v1/workers/swap", {});
    expect(swapped.status).toBeLessThan(300);
    // Whether its connection is handed over or told to leave depends on its finding a gap.
    const before = client.answers;
    await eventually(() => expect(client.answers).toBeGreaterThan(before + AT_ONCE));
  }
  isOver = true;
  expect(await load).toBeGreaterThan(0);
  expect(client.failures).toEqual([]);
});

test("SIGTERM ends with all requests answered, and the client told to leave before", async () => {
  const [first] = origins;
  if (first === undefined) return;
  const held = Promise.withResolvers<undefined>();
  first.answer = (response, request) => {
    if (request.url !== "/slow") response.end("v1");
    else void held.promise.then(() => response.end("slow"));
  };
  await sidecar.call("PUT", "/v1/services/web", service(100, 0));
  const slow = client.get("/slow");
  await eventually(() => expect(first.requests).toBe(1));
  sidecar.child.kill("SIGTERM");
  await eventually(() => expect(client.opened).toBe(1));
  await eventually(async () => expect((await sidecar.call("GET", "/readyz")).status).toBe(503));
  held.resolve(undefined);
  expect([await slow, await sidecar.ended, client.failures]).toEqual(["slow", 0, []]);
});

const HAS_CURL = spawnSync("curl", ["--version"]).status === 0;

test.skipIf(!HAS_CURL)("curl speaks it with prior knowledge", async () => {
  const url = `http://127.0.0.1:${sidecar.ports[0]}/`;
  const about = "%{http_version} %{http_code}";
  const curl = ["-s", "-o", "/dev/null", "-w", about, "--http2-prior-knowledge", "-H", "Host: web"];
  const child = spawn("curl", [...curl, url]);
  let out = "";
  child.stdout.on("data", (piece: Buffer) => (out += String(piece)));
  await once(child, "close");
  expect(out).toBe("2 200");
});
