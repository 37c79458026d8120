import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  BEGINNING,
  SETTINGS_ACK_FRAME,
  fragment,
  getBlock,
  headers,
  inWords,
  ping,
  rawFrame,
  reset,
  settings,
  windowUpdate,
} from "../../proxy/http2/raw-frames.ts";
import { eventually } from "../../support/eventually.ts";
import { RawSocket } from "../../support/raw-socket.ts";
import { startSidecar } from "../../support/sidecar.ts";
import type { TestSidecar } from "../../support/sidecar.ts";
import { VersionOrigin } from "../../support/version-origin.ts";

/*
 * Goal: whoever floods a connection of HTTP/2 loses that connection and nothing else happens: it is
 * counted, others are answered, memory stays. Method: many attackers of each sort at a real
 * sidecar, while another connection asks.
 */

const ATTACKERS = 4;
/** What a worker may grow by for all of them, caches and collected garbage included. */
const GROWTH_BYTES_MAX = 64 * 1024 * 1024;
/** Of a machine that has other things to do. */
const DEADLINE_MS = 20_000;
const CALM = /^goAway \d+ ENHANCE_YOUR_CALM$/m;
const PAGE_BYTES = 4096;
const odd = (at: number): number => 2 * at + 1;
const many = (count: number, frames: (at: number) => readonly Buffer[]): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, at) => frames(at)).flat());

/** By reason, more of it than a connection stands. */
const FLOODS: Readonly<Record<string, Buffer>> = {
  "h2-reset-flood": many(1500, (at) => [headers(odd(at)), reset(odd(at))]),
  "h2-provoked-resets": many(300, (at) => [headers(odd(at)), windowUpdate(odd(at), 0)]),
  "h2-continuation-flood": many(1, () => [
    fragment(1, getBlock(), true),
    ...Array.from({ length: 50 }, () => fragment(1, "x".repeat(100), false)),
  ]),
  "h2-empty-frames": many(300, () => [rawFrame(0, 0, 1)]),
  "h2-ping-flood": many(1000, () => [ping()]),
  "h2-settings-flood": many(300, () => [settings([3, 100])]),
  "h2-ignored-frames": many(5000, () => [rawFrame(2, 0, 1, "\0\0\0\0\u0001")]),
  "h2-window-update-flood": many(5000, () => [windowUpdate(0, 1)]),
};

let origin: VersionOrigin;
let sidecar: TestSidecar;

beforeAll(async () => {
  origin = await VersionOrigin.start("v1");
  const versions = { v1: { endpoints: [origin.address] } };
  const web = { hosts: ["a.example"], versions };
  sidecar = await startSidecar({ workers: 1, services: { web } });
});

afterAll(async () => {
  await sidecar.stop();
  origin[Symbol.dispose]();
});

async function begun(...frames: readonly Buffer[]): Promise<RawSocket> {
  const socket = await RawSocket.open({ port: sidecar.ports[0] ?? 0 });
  return socket.send(Buffer.concat([BEGINNING, SETTINGS_ACK_FRAME, ...frames]));
}

function said(socket: RawSocket): string {
  return inWords(Buffer.from(socket.text, "latin1")).join("\n");
}

async function residentBytes(): Promise<number> {
  const [pid = 0] = sidecar.workerPids();
  const statm = await readFile(`/proc/${pid}/statm`, "utf8");
  return Number(statm.split(" ")[1]) * PAGE_BYTES;
}

async function rejected(reason: string): Promise<number> {
  const text = await (await sidecar.call("GET", "/metrics")).text();
  const found = text.match(
    new RegExp(`^sluice_rejected_total\\{reason="${reason}"\\} (\\d+)`, "m"),
  );
  return Number(found?.[1] ?? 0);
}

test.each(Object.entries(FLOODS))(
  "%s ends its connection, and harms no other",
  async (reason, flood) => {
    const other = await begun(headers(1));
    await eventually(() => expect(said(other)).toContain("headers 1"), DEADLINE_MS);
    const before = await residentBytes();
    const first = reason === "h2-empty-frames" ? headers(1, getBlock(), false) : Buffer.alloc(0);
    const attackers = await Promise.all(
      Array.from({ length: ATTACKERS }, () => begun(first, flood)),
    );
    try {
      for (const attacker of attackers) {
        await eventually(() => expect(said(attacker)).toMatch(CALM), DEADLINE_MS);
      }
      other.send(headers(3));
      await eventually(() => expect(said(other)).toContain("headers 3"), DEADLINE_MS);
      await eventually(async () => expect(await rejected(reason)).toBe(ATTACKERS));
      expect((await residentBytes()) - before).toBeLessThan(GROWTH_BYTES_MAX);
    } finally {
      for (const socket of [...attackers, other]) socket.close();
    }
  },
);
