import { describe, expect, test } from "vitest";
import { HandOverDesk } from "../../../control/workers/hand-over-desk.ts";
import type { ConnectionHandle } from "../../../proxy/base/connection-handle.ts";
import type { HandedConnection } from "../../../proxy/messages/handed-connection.ts";
import type { FromWorker } from "../../../proxy/messages/messages.ts";

const PEER = { address: "127.0.0.1", trusted: false };
const HELD = { held: undefined, isNew: false, headTimeoutMs: 1, idleTimeoutMs: 1 };

function idle(place: number): HandedConnection {
  return { kind: "idle", place, peer: PEER, service: undefined, ...HELD };
}

function client(place: number, tunnel = "t"): HandedConnection {
  return { kind: "tunnelClient", place, tunnel, peer: PEER, service: undefined };
}

function upstream(place: number, tunnel = "t"): HandedConnection {
  const names = { service: "web", version: "v1", endpoint: "127.0.0.1:1" };
  const about = { ...names, idleTimeoutMs: 1, ageMs: 1, frames: undefined };
  return { kind: "tunnelUpstream", place, tunnel, about };
}

class Handle implements ConnectionHandle {
  closed = false;
  readStop(): number {
    return 0;
  }
  close(): void {
    this.closed = true;
  }
}

/** A worker that writes down what it gets, and answers when it is told to. */
class TestWorker {
  readonly pid: number;
  readonly got: string[] = [];
  answer = Promise.withResolvers<FromWorker>();

  constructor(pid = 0) {
    this.pid = pid;
  }

  async ask(question: { readonly kind: string }): Promise<FromWorker> {
    const { kind, connection } = question as { kind: string; connection?: HandedConnection };
    this.got.push(connection === undefined ? kind : `${connection.kind} ${connection.place}`);
    return this.answer.promise;
  }
}

type Desk = {
  readonly desk: HandOverDesk;
  readonly serving: TestWorker[];
  readonly logged: string[];
};

function deskWith(...serving: TestWorker[]): Desk {
  const logged: string[] = [];
  const note = (event: string): void => void logged.push(event);
  const desk = new HandOverDesk({ info: note, warn: note, error: note }, () => serving);
  return { desk, serving, logged };
}

describe("HandOverDesk", () => {
  test("shares connections among the workers that serve", () => {
    const [one, two] = [new TestWorker(), new TestWorker()];
    const { desk } = deskWith(one, two);
    for (const place of [1, 2, 3, 4]) desk.take(idle(place), new Handle());
    expect([one.got, two.got]).toEqual([
      ["idle 2", "idle 4"],
      ["idle 1", "idle 3"],
    ]);
  });

  test("gives what is meant for a worker to that one, and to any when it is gone", () => {
    const [one, two] = [new TestWorker(1), new TestWorker(2)];
    const { desk, serving } = deskWith(one, two);
    for (const place of [2, 4]) desk.take({ ...idle(place), to: 2 }, new Handle());
    serving.pop();
    desk.take({ ...idle(6), to: 2 }, new Handle());
    expect([one.got, two.got]).toEqual([["idle 6"], ["idle 2", "idle 4"]]);
  });

  test("closes its copy of a socket and tells the giver once the worker has its own", async () => {
    const worker = new TestWorker();
    const { desk, logged } = deskWith(worker);
    const [handle, old] = [new Handle(), new TestWorker()];
    desk.take(idle(1), handle, old);
    await Promise.resolve();
    expect([handle.closed, old.got]).toEqual([false, []]);
    worker.answer.resolve({ kind: "done", id: 1 });
    await new Promise(setImmediate);
    expect([handle.closed, old.got, logged]).toEqual([true, ["taken"], []]);
  });

  test("a connection whose worker ends before it answers is lost, not sent again", async () => {
    const worker = new TestWorker();
    const { desk, serving, logged } = deskWith(worker);
    const handle = new Handle();
    desk.take(idle(1), handle);
    const next = new TestWorker();
    serving.splice(0, 1, next);
    worker.answer.reject(new Error("worker 1 ended"));
    await new Promise(setImmediate);
    expect([handle.closed, next.got, logged]).toEqual([true, [], ["connection.lost"]]);
  });

  test("both sides of a tunnel go together, whoever came to serve in between", () => {
    const { desk, serving } = deskWith(new TestWorker());
    const [first] = serving;
    desk.take(client(3), new Handle());
    expect(first?.got).toEqual([]);
    const next = new TestWorker();
    serving.splice(0, 1, next);
    desk.take(upstream(3), new Handle());
    expect([first?.got, next.got]).toEqual([[], ["tunnelClient 3", "tunnelUpstream 3"]]);
  });

  test("half a tunnel is closed with its giver, and an upstream side without the other", () => {
    const { desk, serving } = deskWith(new TestWorker());
    const [old, other] = [new TestWorker(), new TestWorker()];
    const [lost, kept, late] = [new Handle(), new Handle(), new Handle()];
    desk.take(client(1, "lost"), lost, old);
    desk.take(client(2, "kept"), kept, other);
    desk.workerEnded(old);
    expect([lost.closed, kept.closed]).toEqual([true, false]);
    desk.take(upstream(1, "lost"), late, old);
    desk.take(upstream(2, "kept"), new Handle(), other);
    expect(late.closed).toBe(true);
    expect(serving[0]?.got).toEqual(["tunnelClient 2", "tunnelUpstream 2"]);
  });

  test("while no worker serves connections wait for the next one", () => {
    const { desk, serving } = deskWith();
    const handle = new Handle();
    desk.take(idle(1), handle);
    desk.take(client(2), new Handle());
    desk.take(upstream(2), new Handle());
    const worker = new TestWorker();
    serving.push(worker);
    desk.workerServes();
    expect(worker.got).toEqual(["idle 1", "tunnelClient 2", "tunnelUpstream 2"]);
    desk.workerServes();
    expect([worker.got.length, handle.closed]).toEqual([3, false]);
  });

  test("close() closes what nobody has taken", () => {
    const { desk } = deskWith();
    const handles = [new Handle(), new Handle()];
    desk.take(idle(1), handles[0] as Handle);
    desk.take(client(2), handles[1] as Handle);
    desk.close();
    expect(handles.map(({ closed }) => closed)).toEqual([true, true]);
  });

  test("an heir gets what waits, and then everything as it comes", () => {
    const { desk, serving } = deskWith();
    const given: string[] = [];
    desk.take(client(1), new Handle());
    desk.take(idle(2), new Handle());
    desk.leaveTo(({ kind, place }) => void given.push(`${kind} ${place}`));
    serving.push(new TestWorker());
    desk.workerServes();
    desk.take(upstream(1), new Handle());
    desk.take(idle(3), new Handle());
    expect(given).toEqual(["idle 2", "tunnelClient 1", "tunnelUpstream 1", "idle 3"]);
    expect(serving[0]?.got).toEqual([]);
  });
});
