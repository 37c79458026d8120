import { afterAll, beforeAll, expect, test } from "vitest";
import { requestBlock } from "../../../proxy/http2/encode-head.ts";
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
import { RawOrigin } from "../../support/origin.ts";
import { RawSocket } from "../../support/raw-socket.ts";
import { startSidecar } from "../../support/sidecar.ts";
import type { TestSidecar } from "../../support/sidecar.ts";
import { VersionOrigin } from "../../support/version-origin.ts";
import { rejectedCount, residentBytes } from "./flood-figures.ts";

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
/** What a body may pause for, in either direction. */
const STALL_MS = 2_000;
const STREAMS = 200;
const POST = requestBlock("POST", "http", "b.example", "/");
const odd = (at: number): number => 2 * at + 1;
const many = (count: number, frames: (at: number) => readonly Buffer[]): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, at) => frames(at)).flat());

/** A field that fills most of the table, and a reference to it. */
const [LARGE, AGAIN] = [`\u0040\u0001y\u007f\u0081\u001e${"y".repeat(3968)}`, "\u00be"];

/** By reason, more of it than a connection stands. */
const FLOODS: Readonly<Record<string, Buffer>> = {
  "h2-reset-flood": many(1500, (at) => [headers(odd(at)), reset(odd(at))]),
  "h2-provoked-resets": many(300, (at) => [headers(odd(at)), windowUpdate(odd(at), 0)]),
  "h2-header-bomb": headers(1, getBlock() + LARGE + AGAIN.repeat(100)),
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
/** Answers nothing but whole requests. */
let patient: RawOrigin;
let sidecar: TestSidecar;

beforeAll(async () => {
  origin = await VersionOrigin.start("v1");
  const versions = { v1: { endpoints: [origin.address] } };
  const stallTimeout = `${STALL_MS}ms`;
  patient = await RawOrigin.start();
  const patients = { v1: { endpoints: [patient.address] } };
  const services = {
    web: { hosts: ["a.example"], versions, stallTimeout },
    patient: { hosts: ["b.example"], versions: patients, stallTimeout },
  };
  sidecar = await startSidecar({ workers: 1, services });
});

afterAll(async () => {
  await sidecar.stop();
  origin[Symbol.dispose]();
  patient[Symbol.dispose]();
});

async function begun(...frames: readonly Buffer[]): Promise<RawSocket> {
  const socket = await RawSocket.open({ port: sidecar.ports[0] ?? 0 });
  return socket.send(Buffer.concat([BEGINNING, SETTINGS_ACK_FRAME, ...frames]));
}

function said(socket: RawSocket): string {
  return inWords(Buffer.from(socket.text, "latin1")).join("\n");
}

test.each(Object.entries(FLOODS))(
  "%s ends its connection, and harms no other",
  async (reason, flood) => {
    const other = await begun(headers(1));
    await eventually(() => expect(said(other)).toContain("headers 1"), DEADLINE_MS);
    const before = await residentBytes(sidecar);
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
      await eventually(async () => expect(await rejectedCount(sidecar, reason)).toBe(ATTACKERS));
      expect((await residentBytes(sidecar)) - before).toBeLessThan(GROWTH_BYTES_MAX);
    } finally {
      for (const socket of [...attackers, other]) socket.close();
    }
  },
);

/** What 200 streams are held open by, what each is counted as, and what is said to it. */
const HELD: readonly (readonly [title: string, reason: string, said: RegExp, frames: Buffer])[] = [
  [
    "half closed, with answers that a window of 0 keeps",
    "h2-answers-unread",
    /^reset \d+ CANCEL$/gm,
    Buffer.concat([settings([4, 0]), many(STREAMS, (at) => [headers(odd(at))])]),
  ],
  [
    "with requests that do not go on",
    "body-timeout",
    /^reset \d+ NO_ERROR$/gm,
    many(STREAMS, (at) => [headers(odd(at), POST, false)]),
  ],
];

test.each(HELD)("Streams held open %s end, are counted, and harm nobody", async (...about) => {
  const [, reason, wanted, frames] = about;
  const other = await begun(headers(1));
  await eventually(() => expect(said(other)).toContain("headers 1"), DEADLINE_MS);
  const before = await residentBytes(sidecar);
  const attackers = await Promise.all(Array.from({ length: ATTACKERS }, () => begun(frames)));
  try {
    other.send(headers(3));
    await eventually(() => expect(said(other)).toContain("headers 3"), DEADLINE_MS);
    for (const attacker of attackers) {
      await eventually(() => {
        expect(said(attacker).match(wanted)).toHaveLength(STREAMS);
      }, DEADLINE_MS);
    }
    await eventually(async () =>
      expect(await rejectedCount(sidecar, reason)).toBe(ATTACKERS * STREAMS),
    );
    expect((await residentBytes(sidecar)) - before).toBeLessThan(GROWTH_BYTES_MAX);
    other.send(headers(5));
    await eventually(() => expect(said(other)).toContain("headers 5"), DEADLINE_MS);
  } finally {
    for (const socket of [...attackers, other]) socket.close();
  }
});
