import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { ClientConnections } from "../../../proxy/clients/client-connections.ts";
import type { OpenClient } from "../../../proxy/clients/client-connections.ts";
import { FakeTransport } from "../transport/fake-transport.ts";

type FakeClient = OpenClient & { readonly transport: FakeTransport };

function client(): FakeClient {
  return {
    transport: new FakeTransport(),
    service: undefined,
    tunnel: undefined,
    staysHere: false,
    exchange: undefined,
    idleSinceMs: 0,
    closeWhenIdle: () => undefined,
    giveAway: () => undefined,
    goOn: () => undefined,
    look: () => undefined,
    judgeAgain: () => undefined,
  };
}

/** Whether a promise has resolved, once everybody who can act has acted. */
async function hasResolved(promise: Promise<void>): Promise<boolean> {
  let resolved = false;
  void promise.then(() => (resolved = true));
  await turn();
  return resolved;
}

describe("ClientConnections", () => {
  test("holds what was added and not removed, in the order in which it came", () => {
    const [first, second, third] = [client(), client(), client()];
    const connections = new ClientConnections();
    for (const each of [first, second, third]) connections.add(each);
    connections.remove(second);
    expect([...connections]).toEqual([first, third]);
    expect(connections.size).toBe(2);
  });

  test("removes a connection once, however often it is told", () => {
    const [gone, open] = [client(), client()];
    const connections = new ClientConnections();
    connections.add(gone);
    connections.add(open);
    connections.remove(gone);
    connections.remove(gone);
    expect([...connections]).toEqual([open]);
  });

  test("can be left by all while somebody goes through it, as a drain does", () => {
    const connections = new ClientConnections();
    const all = [client(), client(), client()];
    all.forEach((each) => connections.add(each));
    const seen: OpenClient[] = [];
    for (const each of connections) {
      seen.push(each);
      connections.remove(each);
    }
    expect([seen, connections.size]).toEqual([all, 0]);
  });

  test("empty() waits for the last one, and not when there is none", async () => {
    const connections = new ClientConnections();
    expect(await hasResolved(connections.empty())).toBe(true);
    const [first, last] = [client(), client()];
    connections.add(first);
    connections.add(last);
    const empty = connections.empty();
    connections.remove(first);
    expect(await hasResolved(empty)).toBe(false);
    connections.remove(last);
    expect(await hasResolved(empty)).toBe(true);
  });

  test("destroyAll() ends every connection at once", () => {
    const connections = new ClientConnections();
    const all = [client(), client()];
    all.forEach((each) => connections.add(each));
    connections.destroyAll();
    expect(all.map(({ transport }) => transport.done)).toEqual([["destroy"], ["destroy"]]);
  });
});
