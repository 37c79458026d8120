import { BufferBudget } from "../../../proxy/exchange/buffer-budget.ts";
import { describe, expect, test } from "vitest";
import type { Destination } from "../../../proxy/exchange/destination.ts";
import { filterRequest, filterResponse } from "../../../proxy/exchange/filtering.ts";
import type { FilterVerdict } from "../../../proxy/exchange/filtering.ts";
import { RequestForwarder } from "../../../proxy/exchange/forward-request.ts";
import { OutgoingResponse } from "../../../proxy/http1/outgoing-response.ts";
import type { FilterChain } from "../../../proxy/filters/filter-chain.ts";
import type { FilterHooks } from "../../../proxy/filters/filter-module.ts";
import { FakeParts, HEAD, chainOf } from "../filters/filter-fixture.ts";
import { responseHeadOf } from "../http1/fields-fixture.ts";
import { serviceTable } from "../table/service-fixture.ts";
import { destination, liveService, requestHead } from "./exchange-fixture.ts";

type Filter = FilterHooks & { readonly onError?: "bypass" | "closed" };

type Filtered = {
  readonly verdict: FilterVerdict;
  /** The head that goes upstream. */
  readonly text: string;
  readonly to: Destination;
};

/** A request for /a?b=c of a service with v1 and v2, and what these filters make of it. */
async function filtered(filters: Readonly<Record<string, Filter>>): Promise<Filtered> {
  const to = destination();
  to.live = liveService(serviceTable({ v1: 1, v2: 0 }));
  to.filters = await chainOf(new FakeParts(), filters);
  const head = requestHead("GET /a?b=c HTTP/1.1\r\nHost: web\r\n\r\n");
  const request = new RequestForwarder(head, "sluice-test", new BufferBudget());
  request.outgoing.edit(HEAD);
  const verdict = filterRequest(to, head, request);
  return { verdict, text: request.outgoing.text(), to };
}

function fail(): never {
  throw new Error("Broken");
}

describe("filterRequest()", () => {
  test("sends upstream the head as the filters leave it", async () => {
    const { verdict, text } = await filtered({
      a: { request: (head) => head.setHeader("X-A", "2") },
      b: { request: (head) => head.appendHeader("X-Path", `${head.path}?${head.query}`) },
    });
    expect(verdict).toBe("go");
    expect(text).toBe("GET /a HTTP/1.1\r\nHost: web\r\nX-A: 2\r\nX-Path: /a?b=c\r\n\r\n");
  });

  test("leaves the head byte for byte when no filter changes it", async () => {
    expect((await filtered({ idle: {} })).text).toBe(HEAD);
  });

  test("names the version that a filter chooses, one without weight too", async () => {
    const { to } = await filtered({ a: { request: (head) => head.version("v2") } });
    expect(to.named?.name).toBe("v2");
    const { to: free } = await filtered({ idle: {} });
    expect(free.named).toBeUndefined();
  });

  test("gives back the answer of a filter, and no version", async () => {
    const { verdict, to } = await filtered({
      chooses: { request: (head) => head.version("v2") },
      answers: { request: (head) => head.answer({ status: 403, body: "no" }) },
    });
    expect(verdict).toMatchObject({ status: 403, body: "no" });
    expect(to.named).toBeUndefined();
  });

  test("stops at a filter that fails closed, and passes one that may be bypassed", async () => {
    const closed = await filtered({ a: { request: fail, onError: "closed" } });
    expect(closed.verdict).toBe("failed");
    const bypassed = await filtered({ a: { request: fail, onError: "bypass" } });
    expect([bypassed.verdict, bypassed.text]).toEqual(["go", HEAD]);
  });
});

describe("filterResponse()", () => {
  const ANSWER = "HTTP/1.1 200 OK\r\nX-A: 1\r\nDate: x\r\n\r\n";

  /** The answer as these filters leave it. undefined: one has failed closed. */
  function filteredBy(chain: FilterChain): string | undefined {
    const outgoing = new OutgoingResponse();
    outgoing.begin(responseHeadOf("HTTP/1.1 200 OK", "X-A: 1", "Date: x"));
    return filterResponse(chain, outgoing) ? outgoing.text() : undefined;
  }

  test("returns the head as the filters leave it; the last filter sees it first", async () => {
    const note = (name: string): FilterHooks => ({
      response: (head) => head.appendHeader("X-Seen", `${name} ${head.status}`),
    });
    const chain = await chainOf(new FakeParts(), { first: note("first"), last: note("last") });
    expect(filteredBy(chain)).toBe(
      "HTTP/1.1 200 OK\r\nX-A: 1\r\nDate: x\r\nX-Seen: last 200\r\nX-Seen: first 200\r\n\r\n",
    );
  });

  test("returns nothing when a filter fails closed: half a policy is none", async () => {
    const chain = await chainOf(new FakeParts(), { a: { response: fail, onError: "closed" } });
    expect(filteredBy(chain)).toBeUndefined();
    const bypass = await chainOf(new FakeParts(), { a: { response: fail } });
    expect(filteredBy(bypass)).toBe(ANSWER);
  });
});
