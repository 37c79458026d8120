import { BufferBudget } from "../../../proxy/exchange/buffer-budget.ts";
import { describe, expect, test } from "vitest";
import { ClientAnswer } from "../../../proxy/exchange/client-answer.ts";
import { RequestForwarder } from "../../../proxy/exchange/forward-request.ts";
import type { ExchangeClient } from "../../../proxy/exchange/ports.ts";
import type { FilterHooks } from "../../../proxy/filters/filter-module.ts";
import { REFUSALS } from "../../../proxy/http1/refusal.ts";
import { ResponseHead } from "../../../proxy/http1/response-head.ts";
import type { ServiceSnapshot, ViaMode } from "../../../proxy/table/snapshot.ts";
import { FakeParts, HEAD, chainOf } from "../filters/filter-fixture.ts";
import { serviceTable } from "../table/service-fixture.ts";
import {
  FakeStream,
  destination,
  exchangeClient,
  exchangeDeps,
  liveService,
  requestHead,
} from "./exchange-fixture.ts";

const GET = "GET /a HTTP/1.1\r\nHost: web\r\n\r\n";
const LEAVING = "GET /a HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n";
const OLD = "GET /a HTTP/1.0\r\nHost: web\r\nConnection: keep-alive\r\n\r\n";
const UNREAD = "POST /a HTTP/1.1\r\nHost: web\r\nContent-Length: 4\r\n\r\n";

/** What a request's client is told, without a service around it. */
class Bed {
  readonly client = new FakeStream();
  readonly to = destination();
  readonly live;
  readonly answer: ClientAnswer;

  /** `text`: the request's head; nothing of a body has been read. */
  constructor(
    text: string,
    about: Partial<ExchangeClient> = {},
    service: Partial<ServiceSnapshot> = {},
  ) {
    this.live = liveService(serviceTable({ v1: 1 }, service));
    const client = exchangeClient(this.live, { stream: this.client, ...about });
    const head = requestHead(text);
    const request = new RequestForwarder(head, "sluice-test", new BufferBudget());
    request.begin(0);
    request.scan(Buffer.alloc(0), 0, 0);
    this.answer = new ClientAnswer(exchangeDeps(), client, { head, request, to: this.to });
    if (this.to.find(head, client) !== undefined) this.to.enter(this.live, head, client.peer);
    request.outgoing.edit(HEAD);
  }

  /** The lines of the head that the client gets for this one. undefined: none. */
  relayed(text: string, endsByClose = false): readonly string[] | undefined {
    const bytes = Buffer.from(`${text}\r\n\r\n`, "latin1");
    const head = new ResponseHead();
    head.reset();
    head.parse(bytes, 0, bytes.length);
    const framing = "as-sent";
    return this.answer.relayed(head, framing, endsByClose, this.to)?.split("\r\n").slice(0, -2);
  }

  async filter(hooks: FilterHooks & { readonly onError?: "closed" }): Promise<this> {
    this.to.filters = await chainOf(new FakeParts(), { it: hooks });
    return this;
  }

  get lines(): readonly string[] {
    return this.client.text.split("\r\n");
  }
}

function fail(): never {
  throw new Error("Broken");
}

const OK = "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 2";

describe("ClientAnswer", () => {
  test.each([
    ["says that it will go", LEAVING, {}],
    ["has sent only a part of its request", UNREAD, {}],
    ["is on a worker that ends", GET, { draining: true }],
  ])(
    "announces the connection's end to a client that %s, whatever the answer",
    (_w, text, about) => {
      const ours = new Bed(text, about);
      ours.answer.error("reset");
      const theirs = new Bed(text, about);
      expect(theirs.relayed(OK)).toContain("Connection: close");
      const options = new Bed(text, about);
      options.answer.options();
      expect(
        [ours.lines, options.lines].every((lines) => lines.includes("Connection: close")),
      ).toBe(true);
      expect([ours, theirs, options].map(({ answer }) => answer.closes)).toEqual([
        true,
        true,
        true,
      ]);
    },
  );

  test("keeps the connection of all others, and says so to HTTP/1.0, which expects its end", () => {
    const bed = new Bed(GET);
    expect(bed.relayed(OK)?.join()).not.toMatch(/connection/i);
    const old = new Bed(OLD);
    expect(old.relayed(OK)).toContain("Connection: keep-alive");
    expect([bed.answer.closes, old.answer.closes]).toEqual([false, false]);
  });

  test("begins anew with each request: the last answer's status and end are forgotten", () => {
    const bed = new Bed(GET);
    bed.answer.refusal(REFUSALS["body-too-large"], bed.to);
    expect([bed.answer.status, bed.answer.closes]).toEqual([413, true]);
    bed.answer.clear();
    expect([bed.answer.status, bed.answer.closes]).toEqual([0, false]);
  });
});

describe("ClientAnswer.error()", () => {
  test("keeps to the end of the connection that was announced before it", () => {
    const bed = new Bed(GET);
    bed.relayed(OK, true);
    bed.answer.error("filter-failed");
    expect(bed.answer.closes).toBe(true);
    expect(bed.lines).toContain("Connection: close");
  });

  test("sends HEAD no body", () => {
    const bed = new Bed("HEAD /a HTTP/1.1\r\nHost: web\r\n\r\n");
    bed.answer.error("no-endpoint");
    expect([bed.answer.status, bed.client.text.endsWith("\r\n\r\n")]).toEqual([503, true]);
  });
});

describe("ClientAnswer.relayed()", () => {
  test("ends the connection after a body that only its end delimits", () => {
    const bed = new Bed(GET);
    expect(bed.relayed("HTTP/1.1 200 OK\r\nDate: x", true)).toContain("Connection: close");
    expect(bed.answer.closes).toBe(true);
  });

  test("upgrades the connection with a 101, even where others are told to go", () => {
    const bed = new Bed(GET, { draining: true });
    const lines = bed.relayed("HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: websocket");
    expect(lines?.filter((line) => /^connection:/i.test(line))).toEqual(["Connection: Upgrade"]);
  });

  test("shows with `debug` which version answered", () => {
    const shown = new Bed(GET, {}, { debug: true }).relayed(OK);
    expect(shown).toContain("X-Sluice-Version: v1");
    expect(new Bed(GET).relayed(OK)?.join()).not.toContain("X-Sluice");
  });

  test.each(["off", "request", "both"] as const)("names us in Via when that is %s", (via) => {
    const lines = new Bed(GET, {}, { via }).relayed(OK);
    const wanted = via === "both" ? ["Via: 1.1 sluice-test"] : [];
    expect(lines?.filter((line) => line.startsWith("Via:"))).toEqual(wanted);
  });

  test("shows the head to the filters as the client would get it", async () => {
    const seen: unknown[] = [];
    const bed = await new Bed(LEAVING).filter({
      response(head) {
        seen.push(head.status, head.header("connection"));
        head.setHeader("X-Filtered", "1");
      },
    });
    expect(bed.relayed(OK)).toContain("X-Filtered: 1");
    expect(seen).toEqual([200, "close"]);
  });

  test("gives nothing when a filter fails closed: the client must not see the answer", async () => {
    const bed = await new Bed(GET).filter({ response: fail, onError: "closed" });
    expect(bed.relayed(OK)).toBeUndefined();
  });
});

describe("ClientAnswer.interim()", () => {
  const early = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";

  function told(request: string, via: ViaMode = "off"): string {
    const bed = new Bed(request, {}, { via });
    const bytes = Buffer.from(early);
    const head = new ResponseHead();
    head.reset();
    head.parse(bytes, 0, bytes.length);
    bed.answer.interim(head);
    expect(bed.answer.status).toBe(0);
    return bed.client.text;
  }

  test("passes a 1xx on, but not to HTTP/1.0, which would take it for the answer", () => {
    expect(told(GET)).toBe(early);
    expect(told(GET, "both")).toContain("Via: 1.1 sluice-test\r\n");
    expect(told(OLD)).toBe("");
  });
});

describe("ClientAnswer.goesOn()", () => {
  test("lets a request go on without a word to the client", async () => {
    const bed = await new Bed(GET).filter({});
    expect([bed.answer.goesOn(bed.to), bed.client.text, bed.answer.status]).toEqual([true, "", 0]);
  });

  test("sends a filter's own answer", async () => {
    const bed = await new Bed(LEAVING).filter({
      request: (head) => head.answer({ status: 403, body: "no" }),
    });
    expect([bed.answer.goesOn(bed.to), bed.answer.status]).toEqual([false, 403]);
    expect(bed.lines.at(-1)).toBe("no");
    expect(bed.lines).toContain("Connection: close");
  });

  test("answers 503 when a filter fails closed", async () => {
    const bed = await new Bed(GET).filter({ request: fail, onError: "closed" });
    expect([bed.answer.goesOn(bed.to), bed.answer.status]).toEqual([false, 503]);
  });
});
