import { describe, expect, test } from "vitest";
import { actionShape, toActions } from "../../../control/config/action-schema.ts";
import { strict } from "../../../control/config/schema-parts.ts";
import type { RouteActions } from "../../../proxy/table/route-actions.ts";

const schema = strict(actionShape);

function actionsOf(document: object): RouteActions | undefined {
  return toActions(schema.parse(document));
}

function problemsOf(document: object): readonly string[] {
  const { error } = schema.safeParse(document);
  return (error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);
}

describe("toActions()", () => {
  test("is nothing for a route that does nothing itself", () => {
    expect(actionsOf({})).toBeUndefined();
  });

  test("reads edits: what is set takes the place of all lines of its name", () => {
    const request = {
      set: { "X-Env": "prod" },
      add: { "X-Tag": ["a", "b"] },
      remove: ["X-Debug", "x-env"],
    };
    expect(actionsOf({ request })).toEqual({
      request: {
        removed: ["x-debug", "x-env"],
        added: [
          ["x-env", "prod"],
          ["x-tag", "a"],
          ["x-tag", "b"],
        ],
      },
    });
  });

  test("sends clients elsewhere for a while, unless the document says for good", () => {
    expect(actionsOf({ redirect: { scheme: "https" } })?.redirect).toEqual({
      scheme: "https",
      host: undefined,
      port: undefined,
      path: undefined,
      status: 307,
    });
  });

  test("reads faults", () => {
    const faults = { delay: { percent: 0.5, for: "2s" }, abort: { percent: 100 } };
    expect(actionsOf({ faults })).toEqual({
      faults: { delay: { percent: 0.5, forMs: 2_000 }, abort: { percent: 100, status: 503 } },
    });
  });

  test("reads answers", () => {
    expect(actionsOf({ answer: { headers: { "Retry-After": "60" } } })).toEqual({
      answer: { status: 200, fields: [["retry-after", "60"]], body: "" },
    });
  });
});

describe("A route's actions are refused", () => {
  test.each(["content-length", "Host", "Connection", "X-Forwarded-For", "transfer_encoding"])(
    "when they touch %s, which Sluice writes itself",
    (name) => {
      const wanted =
        "a field that Sluice does not write itself (framing, host, connection, sender)";
      expect(problemsOf({ request: { remove: [name] } })).toEqual([`request.remove.0: ${wanted}`]);
      expect(problemsOf({ response: { set: { [name]: "1" } } })).not.toEqual([]);
      expect(problemsOf({ answer: { headers: { [name]: "1" } } })).not.toEqual([]);
    },
  );

  test.each([
    [{ redirect: {} }, "redirect: at least one of scheme, host, port and path"],
    [{ redirect: { host: "a", status: 200 } }, "redirect.status: one of 301, 302"],
    [{ redirect: { host: "a:80" } }, "redirect.host: a host without port"],
    [{ rewrite: { host: "a b" } }, "rewrite.host: a host, perhaps with a port"],
    [{ rewrite: { host: "a:99999" } }, "rewrite.host: a host, perhaps with a port"],
    [{ rewrite: { path: "/a/../b" } }, "rewrite.path: a path in normal form"],
    [{ answer: { status: 204, body: "a" } }, "answer.body: no body with status 204"],
    [{ answer: { body: "a".repeat(65_537) } }, "answer.body: a text of at most 65536 bytes"],
    [{ answer: { headers: { Date: "1" } } }, "answer.headers.Date:"],
    [{ faults: { abort: { percent: 101 } } }, "faults.abort.percent: a number from 0 to 100"],
    [{ faults: { abort: { percent: 1, status: 200 } } }, "faults.abort.status: a whole number"],
    [{ faults: { delay: { percent: 1, for: "11m" } } }, "faults.delay.for: a duration from 1ms"],
    [{ request: { set: { "x-a": "a\r\nb" } } }, "request.set.x-a: a field value"],
  ])("where they make no sense: %j", (document, wanted) => {
    expect(problemsOf(document).join()).toContain(wanted);
  });
});
