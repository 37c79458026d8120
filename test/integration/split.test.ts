import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { KeptConnection } from "../support/kept-connection.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: what the split promises holds across processes and for real requests. Method: three
 * sidecars that know nothing of each other are asked the same, and the answers are counted.
 */

const SIDECARS = 3;
const KEYS = Array.from({ length: 300 }, (_, index) => `user-${index}`);

let origins: readonly VersionOrigin[];
let sidecars: readonly TestSidecar[];
/** One to each sidecar. */
let clients: readonly KeptConnection[];

/** A service over the three versions. */
function service(weights: Readonly<Record<string, number>>, more: object = {}): object {
  const versions = origins.map(({ name, address }) => [
    name,
    { weight: weights[name] ?? 0, endpoints: [address] },
  ]);
  return { versions: Object.fromEntries(versions), ...more };
}

beforeAll(async () => {
  origins = await Promise.all(["v1", "v2", "v3"].map((name) => VersionOrigin.start(name)));
  const services = { other: service({ v1: 1 }) };
  sidecars = await Promise.all(Array.from({ length: SIDECARS }, () => startSidecar({ services })));
  const opened = sidecars.map(({ ports }) => KeptConnection.open(ports[0] ?? 0));
  clients = await Promise.all(opened);
});
afterAll(async () => {
  for (const client of clients ?? []) client.close();
  await Promise.all((sidecars ?? []).map((sidecar) => sidecar.stop()));
  for (const origin of origins ?? []) origin[Symbol.dispose]();
});
beforeEach(async () => {
  for (const sidecar of sidecars) await sidecar.call("DELETE", "/v1/services/web?force=true");
});

async function put(sidecar: TestSidecar | undefined, document: object): Promise<void> {
  const status = (await sidecar?.call("PUT", "/v1/services/web", document))?.status;
  expect(status).toSatisfy((each) => each === 200 || each === 201);
}

/** What a client gets for each key, as `x-user`. */
async function versionsByKey(client: KeptConnection): Promise<Record<string, string>> {
  const versions: Record<string, string> = {};
  for (const key of KEYS) {
    versions[key] = (await client.get("web", "/", `X-User: ${key}\r\n`)).body;
  }
  return versions;
}

/** What a client gets for each cookie, as `sid`. */
async function versionsByCookie(
  client: KeptConnection,
  cookies: readonly string[],
): Promise<readonly string[]> {
  const versions: string[] = [];
  for (const cookie of cookies) {
    versions.push((await client.get("web", "/", `Cookie: sid=${cookie}\r\n`)).body);
  }
  return versions;
}

/** The first client and its sidecar, for what one can show alone. */
function first(): { readonly client: KeptConnection; readonly sidecar: TestSidecar } {
  return { client: clients[0] as KeptConnection, sidecar: sidecars[0] as TestSidecar };
}

test("three sidecars agree on all keys; a shift moves keys only to what it raises", async () => {
  const affinity = { affinity: { header: "x-user" } };
  for (const sidecar of sidecars) await put(sidecar, service({ v1: 60, v2: 30, v3: 10 }, affinity));
  const [before, ...others] = await Promise.all(clients.map(versionsByKey));
  expect(others).toEqual([before, before]);
  expect(new Set(Object.values(before ?? {}))).toEqual(new Set(["v1", "v2", "v3"]));

  // Each goes its own way to the same weights: the way must not matter.
  const [a, b, c] = sidecars as [TestSidecar, TestSidecar, TestSidecar];
  await a.call("PATCH", "/v1/services/web/weights", { v3: 40 });
  await b.call("PATCH", "/v1/services/web/weights", { v3: 0 });
  await b.call("PATCH", "/v1/services/web/weights", { v3: 40 });
  await put(c, service({ v1: 60, v2: 30, v3: 40 }, affinity));
  const [after, ...otherAfters] = await Promise.all(clients.map(versionsByKey));
  expect(otherAfters).toEqual([after, after]);
  const moved = KEYS.filter((key) => before?.[key] !== after?.[key]);
  expect(new Set(moved.map((key) => after?.[key]))).toEqual(new Set(["v3"]));
});

test("an unkeyed split gives each version its share, give or take 2, at any moment", async () => {
  const { client, sidecar } = first();
  const weights = { v1: 61, v2: 30, v3: 9 };
  await put(sidecar, service(weights));
  const counts: Record<string, number> = { v1: 0, v2: 0, v3: 0 };
  const worst: Record<string, number> = { v1: 0, v2: 0, v3: 0 };
  for (let requests = 1; requests <= 1_000; requests += 1) {
    const { body } = await client.get("web");
    counts[body] = (counts[body] ?? 0) + 1;
    for (const [name, weight] of Object.entries(weights)) {
      const off = Math.abs((counts[name] ?? 0) - (requests * weight) / 100);
      worst[name] = Math.max(worst[name] ?? 0, off);
    }
  }
  expect(Math.max(...Object.values(worst))).toBeLessThanOrEqual(2);
  expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(1_000);
});

test("a new revision does not begin the sequence anew", async () => {
  const { client, sidecar } = first();
  let v1Count = 0;
  let worst = 0;
  // If each revision began anew, this would be a random walk, and far outside by now.
  for (let requests = 1; requests <= 200; requests += 1) {
    await put(sidecar, service({ v1: 1, v2: 1 }, { timeout: `${requests}s` }));
    if ((await client.get("web")).body === "v1") v1Count += 1;
    worst = Math.max(worst, Math.abs(v1Count - requests / 2));
  }
  expect(worst).toBeLessThanOrEqual(2);
});

test("its cookie keeps a client on its version, in every sidecar and through shifts", async () => {
  const affinity = { affinity: { cookie: "sid" } };
  for (const sidecar of sidecars) await put(sidecar, service({ v1: 70, v2: 30 }, affinity));
  const { client } = first();
  const cookies: string[] = [];
  const versions: string[] = [];
  for (let requests = 0; requests < 200; requests += 1) {
    const { head, body } = await client.get("web");
    const [, cookie = ""] = /\r\nset-cookie: sid=([^;]+);[^\r]*HttpOnly[^\r]*/i.exec(head) ?? [];
    cookies.push(cookie);
    versions.push(body);
  }
  expect(new Set(cookies).size).toBe(200);
  expect(new Set(versions)).toEqual(new Set(["v1", "v2"]));
  const again = await Promise.all(clients.map((each) => versionsByCookie(each, cookies)));
  expect(again).toEqual(clients.map(() => versions));
  expect((await client.get("web", "/", `Cookie: sid=${cookies[0]}\r\n`)).head).not.toMatch(
    /set-cookie/i,
  );

  for (const sidecar of sidecars) {
    await sidecar.call("PATCH", "/v1/services/web/weights", { v2: 60 });
  }
  const after = await versionsByCookie(client, cookies);
  const left = versions.filter((version, index) => version === "v2" && after[index] !== "v2");
  expect(left).toEqual([]);
  expect(after.filter((version) => version === "v2").length).toBeGreaterThan(
    versions.filter((version) => version === "v2").length,
  );
});
