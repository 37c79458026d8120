import { expect, onTestFinished, test } from "vitest";
import type { Answer, Family } from "../../../control/names/address-record.ts";
import { parseHosts } from "../../../control/names/hosts-file.ts";
import { NameWatch } from "../../../control/names/name-watch.ts";
import { parseResolvConf } from "../../../control/names/resolv-conf.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const NONE: Answer = { kind: "none", reason: "no such name" };
const FAILED: Answer = { kind: "failed", reason: "silent" };
const NEVER = new Promise<never>(() => undefined);
const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
const found = (address: string, ttlMs: number): Answer => {
  return { kind: "addresses", addresses: [address], ttlMs };
};

/** A watch of one name whose DNS the test is. */
class Bed {
  readonly clock = new ManualClock();
  readonly asked: string[] = [];
  /** By family. */
  readonly answers = new Map<Family, Answer | Promise<Answer>>();
  hosts = "";
  random = 0;
  told = 0;
  readonly watch: NameWatch;

  constructor(name = "web") {
    const { clock } = this;
    const hosts = (): ReturnType<typeof parseHosts> => parseHosts(this.hosts);
    this.watch = new NameWatch(name, {
      clock,
      random: { next: () => this.random },
      system: {
        get hosts() {
          return hosts();
        },
        conf: parseResolvConf("", "node1"),
        reach: () => ({ v6: true, v6Loopback: true }),
        refresh: async () => false,
      },
      lookUp: async ({ family }, isSuspect, signal) => {
        this.asked.push(`A${family} at ${clock.nowMs()}${isSuspect ? ", suspect" : ""}`);
        return Promise.race([this.answers.get(family) ?? NONE, aborted(signal)]);
      },
      onStatus: () => (this.told += 1),
    });
    onTestFinished(() => this.watch.close());
  }
}

test("NameWatch asks for each family by itself, as long as its answer holds", async () => {
  const bed = new Bed();
  bed.answers.set(4, found("10.0.0.1", 20_000)).set(6, found("fd00::1", 10_000));
  bed.watch.start();
  await bed.clock.advance(20_000);
  expect(bed.asked).toEqual(["A4 at 0", "A6 at 0", "A6 at 10000", "A4 at 20000", "A6 at 20000"]);
  expect(bed.watch.status).toEqual({ kind: "resolved", addresses: ["10.0.0.1", "[fd00::1]"] });
});

test("NameWatch asks up to a fifth of an answer's lifetime early", async () => {
  const bed = new Bed();
  bed.random = 1;
  bed.answers.set(4, found("10.0.0.1", 10_000)).set(6, NEVER);
  bed.watch.start();
  await bed.clock.advance(8_000);
  expect(bed.asked).toEqual(["A4 at 0", "A6 at 0", "A4 at 8000"]);
});

test("NameWatch says of a family that has failed to be asked with less patience", async () => {
  const bed = new Bed();
  bed.answers.set(4, FAILED).set(6, NEVER);
  bed.watch.start();
  await bed.clock.advance(60_000);
  expect(bed.asked[0]).toBe("A4 at 0");
  expect(bed.asked.slice(2).every((each) => each.endsWith(", suspect"))).toBe(true);
  expect(bed.asked.length).toBeGreaterThan(3);
});

test.each([
  ["localhost", "", ["127.0.0.1", "[::1]"]],
  ["app.localhost", "", ["127.0.0.1", "[::1]"]],
  ["localhost", "10.0.0.9 localhost", ["10.0.0.9"]],
  ["web", "10.0.0.9 web", ["10.0.0.9"]],
])("NameWatch asks no DNS for %s with the hosts file %j", async (name, hosts, addresses) => {
  const bed = new Bed(name);
  bed.hosts = hosts;
  bed.watch.start();
  await bed.watch.known;
  await bed.clock.advance(60_000);
  expect([bed.asked, bed.watch.status]).toEqual([[], { kind: "resolved", addresses }]);
});

test("NameWatch is known with the first addresses, or when every family has answered", async () => {
  const bed = new Bed();
  let isKnown = false;
  void bed.watch.known.then(() => (isKnown = true));
  const slow = Promise.withResolvers<Answer>();
  bed.answers.set(6, slow.promise);
  bed.watch.start();
  await bed.clock.advance(0);
  expect([isKnown, bed.watch.status.kind]).toEqual([false, "asking"]);
  slow.resolve(NONE);
  await bed.clock.advance(0);
  expect([isKnown, bed.watch.status.kind]).toEqual([true, "unresolved"]);
});

test("NameWatch starts again by what the files say now, and keeps what it knows", async () => {
  const bed = new Bed();
  bed.answers.set(4, found("10.0.0.1", 10_000));
  bed.watch.start();
  await bed.clock.advance(0);
  const told = bed.told;
  bed.answers.set(4, NEVER).set(6, NEVER);
  bed.watch.start();
  await bed.clock.advance(0);
  expect(bed.watch.status).toEqual({ kind: "resolved", addresses: ["10.0.0.1"] });
  expect([bed.asked.length, bed.told > told]).toEqual([4, true]);
  bed.hosts = "10.0.0.9 web";
  bed.watch.start();
  await bed.clock.advance(60_000);
  expect([bed.asked.length, bed.watch.status]).toEqual([
    4,
    { kind: "resolved", addresses: ["10.0.0.9"] },
  ]);
});

test("NameWatch asks nothing more once it is closed, and keeps nobody waiting", async () => {
  const bed = new Bed();
  bed.answers.set(4, found("10.0.0.1", 10_000)).set(6, found("fd00::1", 10_000));
  bed.watch.start();
  await bed.clock.advance(0);
  await bed.watch.close();
  await bed.watch.known;
  await bed.clock.advance(60_000);
  expect([bed.asked.length, bed.clock.sleeping]).toEqual([2, 0]);
});
