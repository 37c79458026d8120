import { beforeEach, expect, onTestFinished, test } from "vitest";
import { seededRandom } from "../../../proxy/base/random.ts";
import { ConsulClient } from "../../../control/consul/client.ts";
import { withSession } from "../../../control/consul/session.ts";
import { untilAborted } from "../../../control/store/until-aborted.ts";
import { eventually } from "../../support/eventually.ts";
import { FakeConsul } from "../../support/fake-consul.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const TTL_MS = 15_000;
const OPTIONS = { name: "a test", ttlMs: TTL_MS, behavior: "delete", lockDelayMs: 0 } as const;

let consul: FakeConsul;

beforeEach(async () => {
  consul = await FakeConsul.start();
  return () => consul[Symbol.asyncDispose]();
});

/** A session whose work ends with it, by a clock that stands still. */
function session() {
  const clock = new ManualClock();
  const client = new ConsulClient({ address: consul.address }, clock);
  onTestFinished(() => client.close());
  const deps = { client, clock, random: seededRandom(1) };
  const end = new AbortController();
  let id: string | undefined;
  const work = async (made: string, held: AbortSignal): Promise<void> => {
    id = made;
    await untilAborted(held);
  };
  const over = withSession(deps, OPTIONS, work, end.signal);
  return { clock, end, over, deps, id: () => id };
}

/** Resolves when Consul has been asked to renew so often. */
async function renewed(times: number): Promise<void> {
  await eventually(() => {
    expect(consul.asked.filter((asked) => asked.includes("/renew/"))).toHaveLength(times);
  });
}

test("withSession() makes a session, renews it each third of its TTL, destroys it", async () => {
  const { clock, end, over, id } = session();
  await eventually(() => expect(id()).toBe("session-1"));
  expect(consul.sessions.get("session-1")).toMatchObject({ Name: "a test", TTL: "15000ms" });
  for (const times of [1, 2, 3, 4]) {
    await clock.advance(TTL_MS / 3);
    await renewed(times);
  }
  end.abort();
  await over;
  expect(consul.sessions.size).toBe(0);
});

test("withSession() ends the work when Consul has ended the session", async () => {
  const { clock, over, id } = session();
  await eventually(() => expect(id()).toBeDefined());
  consul.sessions.clear();
  await clock.advance(TTL_MS / 3);
  await over;
});

test("withSession() ends the work before Consul ends a session it could not renew", async () => {
  const { clock, over, id } = session();
  await eventually(() => expect(id()).toBeDefined());
  consul.fault = { kind: "answer", status: 500, text: "No cluster leader" };
  await clock.advance(TTL_MS / 3);
  await renewed(1);
  let isOver = false;
  const ended = over.then(() => (isOver = true));
  await clock.advance(100);
  await renewed(2);
  expect(isOver).toBe(false);
  await clock.advance(TTL_MS / 3);
  await ended;
});

test("withSession() throws when no session can be made, and does no work", async () => {
  consul.fault = { kind: "answer", status: 403, text: "Permission denied" };
  const { over, id } = session();
  await expect(over).rejects.toMatchObject({ code: "consul_denied" });
  expect(id()).toBeUndefined();
});

test("withSession() throws what the work throws, and destroys the session", async () => {
  const { deps, end, over } = session();
  end.abort();
  await over;
  const work = (): Promise<never> => Promise.reject(new Error("no more"));
  const failing = withSession(deps, OPTIONS, work, new AbortController().signal);
  await expect(failing).rejects.toThrow("no more");
  expect(consul.sessions.size).toBe(0);
});

test("withSession() does no work without a session, whatever a proxy answers", async () => {
  consul.fault = { kind: "page", status: 200, html: "<html><title>Log in</title></html>" };
  const { over, id } = session();
  await expect(over).rejects.toMatchObject({ code: "consul_unreadable" });
  expect(id()).toBeUndefined();
});
