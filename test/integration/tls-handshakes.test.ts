import { readFileSync } from "node:fs";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CIPHER_ROWS, NAME_ROWS, SHAPE_ROWS, VERSION_ROWS } from "../cases/wrong-hellos.ts";
import { OTHER_ROWS, RECORD_ROWS } from "../cases/wrong-records.ts";
import { CHAIN_ROWS, GOOD, LONGEST, ROOT } from "../cases/wrong-client-chains.ts";
import { makeCertificate } from "../support/certificates.ts";
import { clientHello } from "../support/client-hello.ts";
import { eventually } from "../support/eventually.ts";
import { RawOrigin } from "../support/origin.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { CLI, startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import type { Door } from "../support/wrong-handshake.ts";

/*
 * Goal: whatever somebody sends in the place of a handshake, it is refused and counted as what it
 * is, nothing of it reaches an endpoint, and the next client is served at once; the worker lives
 * and does not grow. Method: one real sidecar with listeners of each kind; each row, then a good
 * handshake with a request at the same listener; then crowds; then the timeout of those who have
 * been silent since the beginning.
 */

/** How long a good client may wait behind whatever came before it; alone it takes a few ms. */
const AT_ONCE_MS = 2_000;
/**
 * What it may grow by after a first crowd, at some 1300 handshakes: its heap has room before it is
 * collected, and half of this is usual. To keep OpenSSL's state of each would take more.
 */
const GROWTH_BOUND_BYTES = 64 * 1_048_576;
const CROWD = 500;
/** Of the listener that crowds are sent to. */
const NARROW_MAX = 50;
/** Counts those who have been silent since the beginning. */
const LATE = "tls-timeout";
const DOORS = ["open", "mutual", "asking", "modern", "narrow"];

let origin: RawOrigin;
let sidecar: TestSidecar;
let doors: ReadonlyMap<string, Door>;
let pids: readonly number[];
let rssBefore = 0;
let counted: Readonly<Record<string, number>> = {};
let slow: readonly RawSocket[] = [];

beforeAll(async () => {
  origin = await RawOrigin.start();
  const web = makeCertificate({ issuer: ROOT, names: ["DNS:web", "DNS:shop.example"] });
  const other = makeCertificate({ issuer: ROOT, names: ["DNS:other.example"] });
  const prepare = async (folder: string): Promise<void> => {
    for (const [name, made] of Object.entries({ web, other })) {
      await writeFile(join(folder, `${name}.pem`), made.chainPem);
      await writeFile(join(folder, `${name}.key`), made.keyPem);
      await chmod(join(folder, `${name}.key`), 0o600);
    }
    await writeFile(join(folder, "ca.pem"), ROOT.certPem);
  };
  const certificates = ["web", "other"].map((id) => ({ cert: `${id}.pem`, key: `${id}.key` }));
  const own: Record<string, object> = {
    mutual: { clientCert: "require", clientCa: "ca.pem" },
    asking: { clientCert: "request", clientCa: "ca.pem" },
    modern: { minVersion: "1.3" },
    narrow: { handshakesMax: NARROW_MAX },
  };
  const listeners = DOORS.map((name, index) => ({
    bind: `127.0.0.${index + 1}:0`,
    tls: { certificates, ...own[name] },
  }));
  const services = { web: { versions: { v1: { endpoints: [origin.address] } } } };
  sidecar = await startSidecar({ listeners, services }, {}, CLI, prepare);
  doors = new Map(
    DOORS.map((name, index) => {
      const host = `127.0.0.${index + 1}`;
      return [name, { host, port: portAt(host) }];
    }),
  );
  for (const name of DOORS) await isServed(name);
  for (const client of await crowd(doorOf("open"), clientHello().subarray(0, 90))) client.reset();
  await eventually(async () => expect((await counts())["tls-aborted"]).toBe(CROWD));
  pids = sidecar.workerPids();
  rssBefore = rss();
  counted = await counts();
  const silent = ["", "\x16", clientHello().subarray(0, 40)];
  slow = await Promise.all(
    silent.map(async (bytes) => (await RawSocket.open(doorOf("modern"))).send(bytes)),
  );
});

afterAll(async () => {
  for (const client of slow) client.close();
  await sidecar.stop();
  origin[Symbol.dispose]();
});

function portAt(host: string): number {
  const opened = sidecar.log.find(
    ({ event, address }) => event === "listener.open" && String(address).startsWith(`${host}:`),
  );
  return Number(String(opened?.["address"]).split(":").at(-1));
}

function doorOf(name: string): Door {
  const door = doors.get(name);
  if (door === undefined) throw new Error(`Cannot find the listener ${name}`);
  return door;
}

/** Memory of all workers, in bytes. */
function rss(): number {
  const each = sidecar.workerPids().map((pid) => {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1_024;
  });
  return each.reduce((sum, bytes) => sum + bytes, 0);
}

/** sluice_rejected_total by reason, those that are 0 left out. */
async function counts(): Promise<Record<string, number>> {
  const text = await (await sidecar.call("GET", "/metrics")).text();
  const lines = text.matchAll(/^sluice_rejected_total\{reason="([^"]+)"\} (\d+)$/gm);
  return Object.fromEntries([...lines].map(([, reason, value]) => [reason, Number(value)]));
}

/** What has been counted since the last call, once it is `expected`. */
async function expectCounted(expected: Readonly<Record<string, number>>): Promise<void> {
  const before = counted;
  await eventually(async () => {
    counted = await counts();
    const grown = Object.entries(counted)
      .map(([reason, value]) => [reason, value - (before[reason] ?? 0)] as const)
      .filter(([reason, by]) => by > 0 && reason !== LATE);
    expect(Object.fromEntries(grown)).toEqual(expected);
  });
}

/** A good handshake with a request, which alone reaches the origin. */
async function isServed(name: string, by = GOOD): Promise<void> {
  const requests = origin.requests.length;
  const startMs = performance.now();
  const pair = { cert: by.chainPem, key: by.keyPem };
  const client = await RawSocket.openTls(doorOf(name), { servername: "web", ...pair });
  const { status } = await client.send("GET / HTTP/1.1\r\nHost: web\r\n\r\n").response();
  client.close();
  expect(status).toBe(200);
  expect(performance.now() - startMs).toBeLessThan(AT_ONCE_MS);
  expect(origin.requests.length).toBe(requests + 1);
}

async function crowd(door: Door, bytes: Buffer | string): Promise<readonly RawSocket[]> {
  return Promise.all(
    Array.from({ length: CROWD }, async () => (await RawSocket.open(door)).send(bytes)),
  );
}

test.each([
  ...VERSION_ROWS,
  ...CIPHER_ROWS,
  ...NAME_ROWS,
  ...SHAPE_ROWS,
  ...RECORD_ROWS,
  ...OTHER_ROWS,
  ...CHAIN_ROWS,
])("%s (%s): %s", async (_name, door, reason, act) => {
  const requests = origin.requests.length;
  await act(doorOf(door));
  await expectCounted(reason === "" ? {} : { [reason]: 1 });
  expect(origin.requests.length).toBe(requests);
  await isServed(door);
});

test("a chain as long as may be is served", async () => {
  await isServed("mutual", LONGEST);
  await isServed("asking", LONGEST);
});

test.each([
  ["nothing", ""],
  ["half a hello", clientHello().subarray(0, 90)],
])("a crowd that sends %s is bounded, and bothers nobody else", async (_name, bytes) => {
  const narrow = await crowd(doorOf("narrow"), bytes);
  await expectCounted({ "tls-handshakes-full": CROWD - NARROW_MAX });
  await isServed("mutual");
  const wide = await crowd(doorOf("open"), bytes);
  await isServed("open");
  for (const client of [...narrow, ...wide]) client.reset();
  await expectCounted({ "tls-aborted": NARROW_MAX + CROWD });
  await isServed("narrow");
});

test("who does not go on is closed after 10 s", async () => {
  const fates = (): readonly string[] => slow.map(({ fate }) => fate);
  // The rows before took an unknown part of the 10 s.
  await eventually(() => expect(fates()).not.toContain("open"), 15_000);
  await eventually(async () => expect((await counts())[LATE]).toBe(slow.length));
});

test("the worker is the same, and has not grown", () => {
  expect(sidecar.workerPids()).toEqual(pids);
  expect(rss() - rssBefore).toBeLessThan(GROWTH_BOUND_BYTES);
});
