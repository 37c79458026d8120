import { describe, expect, test } from "vitest";
import type { FilterChain } from "../../../proxy/filters/filter-chain.ts";
import type {
  FilterHooks,
  FilterRequest,
  FilterResponse,
} from "../../../proxy/filters/filter-module.ts";
import { HeadDraft } from "../../../proxy/filters/head-draft.ts";
import { FakeParts, HEAD, chainOf } from "./filter-fixture.ts";

const FACTS = { method: "GET", path: "/a", query: "b=c", versions: ["v1", "v2"] };

type Seen = {
  /** Whether the exchange goes on. */
  readonly goes: boolean;
  readonly draft: HeadDraft;
  /** The head's lines without the request line, Host and X-A. */
  readonly added: readonly string[];
};

function request(chain: FilterChain): Seen {
  const draft = new HeadDraft(HEAD);
  const goes = chain.request(draft, FACTS);
  return { goes, draft, added: draft.editor.toText().split("\r\n").slice(3, -2) };
}

function failuresOf(chain: FilterChain): Record<string, readonly number[]> {
  const about = { service: "web", version: "1" };
  return Object.fromEntries(
    chain.filters.map(({ name, counts }) => [
      name,
      counts.stats({ ...about, filter: name }).failures,
    ]),
  );
}

const adds = (value: string): FilterHooks => ({
  request: (head) => head.appendHeader("x-seen", value),
  response: (head) => head.appendHeader("x-seen", value),
});

describe("FilterChain.request()", () => {
  test("shows the request as it goes out, filter after filter", async () => {
    const seen: unknown[] = [];
    const chain = await chainOf(new FakeParts(), {
      first: {
        request(head) {
          seen.push([head.method, head.path, head.query, head.header("x-a"), head.header("no")]);
          head.setHeader("x-a", "2");
        },
      },
      second: { request: (head) => void seen.push(head.header("X-A")) },
      none: {},
    });
    expect(request(chain).goes).toBe(true);
    expect(seen).toEqual([["GET", "/a", "b=c", "1", undefined], "2"]);
  });

  test("ends with the first answer, which is counted", async () => {
    const chain = await chainOf(new FakeParts(), {
      first: adds("1"),
      answers: { request: (head) => head.answer({ status: 403, body: "no" }) },
      never: adds("3"),
    });
    const { goes, draft, added } = request(chain);
    expect([goes, draft.answer?.status, draft.answer?.body]).toEqual([true, 403, "no"]);
    expect(added).toEqual(["x-seen: 1"]);
    expect(chain.filters.map(({ counts }) => counts.answers)).toEqual([0, 1, 0]);
  });

  test("takes the last choice of a version; one the service lacks is a failure", async () => {
    const chain = await chainOf(new FakeParts(), {
      first: { request: (head) => head.version("v1") },
      second: { request: (head) => head.version("v2") },
      wrong: { request: (head) => head.version("v3") },
    });
    expect(request(chain).draft.version).toBe("v2");
    expect(failuresOf(chain)["wrong"]).toEqual([1, 0, 0]);
  });

  test("takes back all that a filter did before it threw, and goes on with the next", async () => {
    const chain = await chainOf(new FakeParts(), {
      first: adds("1"),
      throws: {
        request(head) {
          head.removeHeader("x-seen");
          head.version("v2");
          head.answer({ status: 200 });
          throw new Error("boom");
        },
      },
      last: adds("3"),
    });
    const { goes, draft, added } = request(chain);
    expect([goes, draft.answer, draft.version]).toEqual([true, undefined, undefined]);
    expect(added).toEqual(["x-seen: 1", "x-seen: 3"]);
    expect(failuresOf(chain)).toEqual({ first: [0, 0, 0], throws: [1, 0, 0], last: [0, 0, 0] });
  });

  test("stops at a filter that is to fail closed", async () => {
    const chain = await chainOf(new FakeParts(), {
      throws: {
        onError: "closed",
        request: () => {
          throw new Error("boom");
        },
      },
      never: { request: () => expect.unreachable() },
    });
    expect(request(chain).goes).toBe(false);
    expect(failuresOf(chain)).toEqual({ throws: [1, 0, 0], never: [0, 0, 0] });
  });

  test("counts a hook that takes longer than it may, and drops what it did", async () => {
    const deps = new FakeParts();
    const slow = (forMs: number): FilterHooks => ({
      request(head) {
        head.appendHeader("x-seen", `${forMs}`);
        deps.pass(forMs);
      },
    });
    const chain = await chainOf(deps, { just: slow(5), late: slow(5.1) });
    expect(request(chain).added).toEqual(["x-seen: 5"]);
    expect(failuresOf(chain)).toEqual({ just: [0, 0, 0], late: [0, 1, 0] });
    expect(deps.logged).toMatchObject([{ kind: "timeout", message: "a hook took 5.1 ms" }]);
  });

  test("counts a hook that gives a promise, and lets that end as it likes", async () => {
    const chain = await chainOf(new FakeParts(), {
      // Void takes it, so nothing tells the author before it runs.
      late: {
        request: () => Promise.reject(new Error("nobody waits for this")) as unknown as void,
      },
    });
    expect(request(chain).goes).toBe(true);
    expect(failuresOf(chain)).toEqual({ late: [1, 0, 0] });
  });

  test("gives no way to change a head that is sent", async () => {
    let kept: FilterRequest | undefined;
    const chain = await chainOf(new FakeParts(), {
      keeps: { request: (head) => void (kept = head) },
    });
    const { draft } = request(chain);
    for (const late of [
      () => kept?.setHeader("x-b", "1"),
      () => kept?.appendHeader("x-b", "1"),
      () => kept?.removeHeader("x-a"),
      () => kept?.answer({ status: 200 }),
      () => kept?.version("v1"),
    ]) {
      expect(late).toThrow("the hook has returned");
    }
    expect(draft.editor.toText()).toBe(HEAD);
  });

  test("tells the log of a failing filter once in ten seconds", async () => {
    const deps = new FakeParts();
    const chain = await chainOf(deps, {
      throws: {
        request: () => {
          throw new Error("x".repeat(300));
        },
      },
    });
    request(chain);
    request(chain);
    expect(deps.logged).toEqual([
      { service: "web", filter: "throws", version: "1", kind: "throw", message: "x".repeat(200) },
    ]);
    deps.pass(10_000);
    request(chain);
    expect(deps.logged).toHaveLength(2);
    expect(failuresOf(chain)).toEqual({ throws: [3, 0, 0] });
  });
});

describe("FilterChain.response()", () => {
  test("shows the response to the last filter first", async () => {
    const statuses: number[] = [];
    const notes = (value: string): FilterHooks => ({
      response(head: FilterResponse) {
        statuses.push(head.status);
        head.appendHeader("x-seen", value);
      },
    });
    const chain = await chainOf(new FakeParts(), { first: notes("1"), last: notes("2") });
    const draft = new HeadDraft("HTTP/1.1 200 OK\r\nVia: x\r\n\r\n");
    expect(chain.response(draft, 200)).toBe(true);
    expect(draft.editor.value("x-seen")).toBe("2, 1");
    expect(statuses).toEqual([200, 200]);
  });

  test("stops at a filter that is to fail closed", async () => {
    const chain = await chainOf(new FakeParts(), {
      closed: {
        onError: "closed",
        response: (head) => head.setHeader("connection", "close"),
      },
    });
    expect(chain.response(new HeadDraft("HTTP/1.1 200 OK\r\n\r\n"), 200)).toBe(false);
    expect(failuresOf(chain)).toEqual({ closed: [1, 0, 0] });
  });
});
