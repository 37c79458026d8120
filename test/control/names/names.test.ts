import { setImmediate as turn } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import type { Answer } from "../../../control/names/address-record.ts";
import type { NameQuestion } from "../../../control/names/dns-look-up.ts";
import { FILES_EVERY_MS, FIRST_ANSWERS_MS, Names } from "../../../control/names/names.ts";
import { parseHosts } from "../../../control/names/hosts-file.ts";
import { parseResolvConf } from "../../../control/names/resolv-conf.ts";
import type { SystemNames } from "../../../control/names/system-files.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const none: Answer = { kind: "none", reason: "no such name" };
const failed: Answer = { kind: "failed", reason: "silent" };
const found = (address: string, ttlMs = 10_000): Answer => ({
  kind: "addresses",
  addresses: [address],
  ttlMs,
});

/** The system's files as the test has them. */
class FakeSystem implements SystemNames {
  hosts = parseHosts("");
  conf = parseResolvConf("", "node1");
  changed = false;
  reach = (): { v6: boolean; v6Loopback: boolean } => ({ v6: true, v6Loopback: true });

  refresh(): Promise<boolean> {
    const { changed } = this;
    this.changed = false;
    return Promise.resolve(changed);
  }
}

/** Names with a DNS of the test's own: `answers` by name, for A; AAAA is always none. */
function fixture(random = 0) {
  const clock = new ManualClock();
  const system = new FakeSystem();
  const answers = new Map<string, Answer | Promise<Answer>>();
  const asked: string[] = [];
  const told: string[] = [];
  const lookUp = async ({ name, family }: NameQuestion, signal: AbortSignal): Promise<Answer> => {
    if (family === 6) return none;
    asked.push(`${name} ${clock.nowMs()}`);
    return Promise.race([answers.get(name) ?? none, aborted(signal)]);
  };
  const names = new Names({ clock, random: { next: () => random }, system, lookUp });
  names.onChange = (name, status) => {
    const details = status.kind === "unresolved" ? [status.reason] : status.addresses;
    told.push([name, status.kind, ...details].join(" "));
  };
  onTestFinished(() => names.close());
  return { names, clock, system, answers, asked, told };
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

const never = (): Promise<Answer> => new Promise(() => undefined);

test("Names asks again when an answer runs out, and tells of changes only", async () => {
  const { names, clock, answers, asked, told } = fixture();
  answers.set("web", found("10.0.0.1"));
  names.follow(new Set(["web"]));
  await clock.advance(0);
  expect(names.status("web")).toEqual({ kind: "resolved", addresses: ["10.0.0.1"] });
  await clock.advance(10_000);
  answers.set("web", found("10.0.0.2"));
  await clock.advance(9_999);
  expect(asked).toEqual(["web 0", "web 10000"]);
  await clock.advance(1);
  expect(asked.at(-1)).toBe("web 20000");
  expect(told).toEqual(["web resolved 10.0.0.1", "web resolved 10.0.0.2"]);
});

test("Names asks up to a fifth early, never late", async () => {
  const { names, clock, answers, asked } = fixture(1);
  answers.set("web", found("10.0.0.1"));
  names.follow(new Set(["web"]));
  await clock.advance(8_000);
  expect(asked).toEqual(["web 0", "web 8000"]);
});

test("Names keeps the last answer while DNS is silent, and says so once", async () => {
  const { names, clock, answers, told } = fixture();
  answers.set("web", found("10.0.0.1"));
  names.follow(new Set(["web"]));
  await clock.advance(0);
  answers.set("web", failed);
  await clock.advance(3_600_000);
  expect(names.status("web")).toMatchObject({ kind: "stale", addresses: ["10.0.0.1"] });
  answers.set("web", found("10.0.0.1"));
  await clock.advance(5_000);
  expect(told).toEqual(["web resolved 10.0.0.1", "web stale 10.0.0.1", "web resolved 10.0.0.1"]);
});

test("Names are not held up by others whose questions are never answered", async () => {
  const { names, clock, answers } = fixture();
  const silent = Array.from({ length: 90 }, (_, at) => `silent${at}`);
  for (const name of silent) answers.set(name, never());
  answers.set("web", found("10.0.0.1", 1_000));
  names.follow(new Set([...silent, "web"]));
  await clock.advance(0);
  answers.set("web", found("10.0.0.2", 1_000));
  await clock.advance(1_000);
  expect(names.status("web")).toEqual({ kind: "resolved", addresses: ["10.0.0.2"] });
});

test("Names that failed before wait among themselves, however many they are", async () => {
  const { names, clock, answers } = fixture();
  const silent = Array.from({ length: 500 }, (_, at) => `silent${at}`);
  for (const name of silent) answers.set(name, failed);
  names.follow(new Set(silent));
  await clock.advance(0);
  for (const name of silent) answers.set(name, never());
  await clock.advance(60_000);
  answers.set("web", found("10.0.0.1"));
  names.follow(new Set([...silent, "web"]));
  await clock.advance(0);
  expect(names.status("web")).toEqual({ kind: "resolved", addresses: ["10.0.0.1"] });
});

test("Names needs no DNS for localhost and what the hosts file has", async () => {
  const { names, system, asked } = fixture();
  system.hosts = parseHosts("10.0.0.7 web\n10.0.0.8 web");
  names.follow(new Set(["localhost", "app.localhost", "web"]));
  expect(["localhost", "app.localhost", "web"].map((name) => names.status(name))).toEqual([
    { kind: "resolved", addresses: ["127.0.0.1", "[::1]"] },
    { kind: "resolved", addresses: ["127.0.0.1", "[::1]"] },
    { kind: "resolved", addresses: ["10.0.0.7", "10.0.0.8"] },
  ]);
  await names.settled();
  expect(asked).toEqual([]);
});

test("Names follows the system's files when they change", async () => {
  const { names, clock, system, answers } = fixture();
  answers.set("web", found("10.0.0.1", 60_000));
  names.follow(new Set(["web"]));
  await clock.advance(0);
  system.hosts = parseHosts("10.0.0.7 web");
  system.changed = true;
  await clock.advance(FILES_EVERY_MS);
  expect(names.status("web")).toMatchObject({ addresses: ["10.0.0.7"] });
  answers.set("web", found("10.0.0.2", 60_000));
  system.hosts = parseHosts("");
  system.changed = true;
  await clock.advance(FILES_EVERY_MS);
  expect(names.status("web")).toMatchObject({ addresses: ["10.0.0.2"] });
});

test("Names.settled() waits for first answers, for a bounded time and once a name", async () => {
  const { names, clock, answers } = fixture();
  answers.set("silent", never());
  names.follow(new Set(["silent"]));
  let isSettled = false;
  const settled = names.settled().then(() => (isSettled = true));
  await clock.advance(FIRST_ANSWERS_MS - 1);
  expect(isSettled).toBe(false);
  await clock.advance(1);
  await settled;
  await names.settled();
  const { promise, resolve } = Promise.withResolvers<Answer>();
  answers.set("web", promise);
  names.follow(new Set(["silent", "web"]));
  isSettled = false;
  const again = names.settled().then(() => (isSettled = true));
  await turn();
  expect(isSettled).toBe(false);
  resolve(found("10.0.0.1"));
  await again;
});

test("Names asks no more for a name that nobody has any more", async () => {
  const { names, clock, answers, asked, told } = fixture();
  answers.set("web", found("10.0.0.1"));
  names.follow(new Set(["web"]));
  await clock.advance(0);
  names.follow(new Set());
  await clock.advance(100_000);
  expect(asked).toEqual(["web 0"]);
  expect(told).toEqual(["web resolved 10.0.0.1"]);
  expect(names.status("web")).toEqual({ kind: "asking" });
});
