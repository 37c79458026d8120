import { describe, expect, test } from "vitest";
import { AheadStream } from "../../../proxy/exchange/ahead-stream.ts";
import { BufferBudget } from "../../../proxy/exchange/buffer-budget.ts";
import { serviceSnapshot } from "../table/service-fixture.ts";
import { ExchangeBed, FakeStream } from "./exchange-fixture.ts";

type Bed = { client: FakeStream; budget: BufferBudget; ahead: AheadStream };

function bed(max = 10, total = 100): Bed {
  const client = new FakeStream();
  const budget = new BufferBudget(total);
  const ahead = new AheadStream(client, budget);
  ahead.begin(client, max);
  return { client, budget, ahead };
}

/** Relays a text from memory that is overwritten at once. */
function relay(ahead: AheadStream, text: string, head = ""): void {
  const bytes = Buffer.from(text, "latin1");
  ahead.relay(new FakeStream(), head, bytes, 0, bytes.length);
  bytes.fill("!");
}

describe("AheadStream", () => {
  test("passes on at once what the client takes", () => {
    const { client, ahead } = bed();
    ahead.send("head ", "a");
    relay(ahead, "b");
    ahead.finish("");
    expect([client.text, client.finished, ahead.isBehind]).toEqual(["head ab", [""], false]);
    expect(ahead.goOn()).toBe(false);
  });

  test("keeps copies, in order, while the client is behind, and ends when it has all", () => {
    const { client, budget, ahead } = bed();
    client.blocked = true;
    relay(ahead, "bc", "head ");
    ahead.send("", "d");
    ahead.finish("x: 1\r\n");
    expect([client.text, client.finished, budget.used]).toEqual(["", [], 3]);
    expect([ahead.isBehind, ahead.goOn()]).toEqual([true, false]);
    client.blocked = false;
    expect(ahead.goOn()).toBe(true);
    expect([client.text, client.finished, budget.used]).toEqual(["head bcd", ["x: 1\r\n"], 0]);
    expect([ahead.isBehind, ahead.goOn()]).toEqual([false, false]);
  });

  test("gives no more at once than the client takes", () => {
    const { client, ahead } = bed();
    client.blocked = true;
    relay(ahead, "ab");
    relay(ahead, "cd");
    client.blocked = false;
    client.relay = (_source, head, bytes, start, end) => {
      client.text += head + bytes.toString("latin1", start, end);
      client.blocked = true;
    };
    ahead.goOn();
    expect(client.text).toBe("ab");
    client.blocked = false;
    ahead.goOn();
    expect(client.text).toBe("abcd");
  });

  test("is blocked when it is full, or all answers together have no room", () => {
    const { client, ahead } = bed();
    client.blocked = true;
    relay(ahead, "123456789");
    expect(ahead.blocked).toBe(false);
    relay(ahead, "0");
    expect(ahead.blocked).toBe(true);
    const poor = bed(10, 5);
    poor.client.blocked = true;
    relay(poor.ahead, "12345");
    expect(poor.ahead.blocked).toBe(true);
    poor.client.blocked = false;
    expect(poor.ahead.blocked).toBe(false);
  });

  test("gives its memory back with its client", () => {
    const { client, budget, ahead } = bed();
    client.blocked = true;
    relay(ahead, "abc");
    ahead.clear();
    expect([budget.used, ahead.isBehind]).toEqual([0, false]);
    client.blocked = false;
    ahead.goOn();
    expect(client.text).toBe("");
  });
});

describe("An answer that is buffered", () => {
  const { policy } = serviceSnapshot({ v1: 1 });
  const buffer = { requestBytes: 0, responseBytes: 16 };
  const GET = "GET /a HTTP/1.1\r\nHost: web\r\n\r\n";
  const OK = "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n";

  function begun(parts: object = { buffer }): { bed: ExchangeBed; upstream: FakeStream } {
    const made = new ExchangeBed({ policy: { ...policy, ...parts } });
    const upstream = new FakeStream();
    made.answers.push(made.upstream(upstream));
    made.request(GET);
    made.client.blocked = true;
    return { bed: made, upstream };
  }

  test("leaves its endpoint free while the client is behind, and ends with the client", () => {
    const { bed: from, upstream } = begun();
    from.respond(`${OK}abc`);
    from.respond("defghijkl");
    expect(upstream.done).not.toContain("pause");
    expect([from.pool, from.ended]).toEqual([["acquire", "well", "release"], []]);
    from.client.blocked = false;
    from.took();
    expect(from.client.text.endsWith("\r\n\r\nabcdefghijkl")).toBe(true);
    expect([from.ended, from.live.inFlight]).toEqual([["keep"], 0]);
  });

  test("waits for the client beyond its limit, as one that is not", () => {
    const { bed: from, upstream } = begun();
    from.respond(`${OK.replace("12", "40")}${"x".repeat(20)}`);
    expect(upstream.done.at(-1)).toBe("pause");
    const plain = begun({});
    plain.bed.respond(`${OK}abc`);
    expect(plain.upstream.done.at(-1)).toBe("pause");
  });

  test("is cut when its client stops, long after its endpoint is done", () => {
    const { bed: from } = begun();
    from.respond(`${OK}abcdefghijkl`);
    from.after(60_000);
    expect(from.client.done).toContain("half");
  });
});
