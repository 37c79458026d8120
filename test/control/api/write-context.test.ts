import type { FastifyRequest } from "fastify";
import { expect, test } from "vitest";
import type { Principal } from "../../../control/api/auth/principal.ts";
import { entityTag, writeContext } from "../../../control/api/write-context.ts";

const principal: Principal = {
  actor: "token:ci",
  role: "shift",
  services: ["web"],
  stands: () => true,
};

/** What a request with these header fields, as Node hands them over, says of its write. */
function contextOf(
  headers: Readonly<Record<string, string>>,
  query: object = {},
): ReturnType<typeof writeContext> {
  return writeContext({ headers, query, principal } as unknown as FastifyRequest);
}

/** UTF-8 as Node hands it over. */
function asReceived(text: string): string {
  return Buffer.from(text).toString("latin1");
}

test("writeContext() takes back the tag that entityTag() gives", () => {
  expect(contextOf({ "if-match": entityTag(12) })).toEqual({
    actor: "token:ci",
    force: false,
    reason: undefined,
    ifMatch: 12,
    permit: expect.any(Function),
  });
});

test("writeContext() takes * for any revision", () => {
  expect(contextOf({ "if-match": "*" }).ifMatch).toBe("*");
});

test("writeContext() wants If-Match, and says how it looks", () => {
  expect(() => contextOf({})).toThrow(
    expect.objectContaining({
      code: "precondition_required",
      status: 428,
      message: expect.stringContaining('wanted If-Match: "REVISION"'),
    }),
  );
});

test.each([
  ["a weak tag", 'W/"1"'],
  ["a number without quotes", "1"],
  ["two tags", '"1", "2"'],
  ["a tag that is no revision", '"abc"'],
  ["more digits than a number holds", `"${"9".repeat(16)}"`],
  ["nothing", ""],
])("writeContext() refuses %s as If-Match", (_name, ifMatch) => {
  const refusal = { code: "invalid_header", status: 400 };
  expect(() => contextOf({ "if-match": ifMatch })).toThrow(expect.objectContaining(refusal));
});

test("writeContext() shows the beginning of a tag that it refuses, however long that is", () => {
  const shown = `found "${"x".repeat(40)}…"`;
  expect(() => contextOf({ "if-match": "x".repeat(5_000) })).toThrow(
    expect.objectContaining({ message: expect.stringMatching(new RegExp(`${shown}$`)) }),
  );
});

test.each([
  ["UTF-8", "Grüße: back to v1 ✓"],
  ["500 characters", "ü".repeat(500)],
])("writeContext() takes a reason of %s", (_name, reason) => {
  const headers = { "if-match": "*", "x-sluice-reason": asReceived(reason) };
  expect(contextOf(headers).reason).toBe(reason);
});

test.each([
  ["UTF-8''two%0Alines", "two\nlines"],
  ["utf-8'de'Gr%c3%BC%C3%9Fe", "Grüße"],
  ["UTF-8'", "UTF-8'"],
])("writeContext() reads the reason %s as RFC 8187 has it", (field, reason) => {
  expect(contextOf({ "if-match": "*", "x-sluice-reason": field }).reason).toBe(reason);
});

test("writeContext() takes an empty reason for none", () => {
  expect(contextOf({ "if-match": "*", "x-sluice-reason": "" }).reason).toBeUndefined();
});

test.each([
  ["is too long", asReceived("x".repeat(501)), "501 characters"],
  ["could drive a terminal", asReceived("\u009b31m"), "a control character"],
  ["hides a terminal's control in escapes", "UTF-8''%1B[2J", "a control character"],
  ["has escapes of other bytes", "UTF-8''%FF", "other bytes"],
  ["has broken escapes", "UTF-8''50%", "other bytes"],
  ["is not UTF-8", "caf\u00e9", "other bytes"],
])("writeContext() refuses a reason that %s", (_name, reason, found) => {
  expect(() => contextOf({ "if-match": "*", "x-sluice-reason": reason })).toThrow(
    expect.objectContaining({
      code: "invalid_header",
      message: expect.stringMatching(new RegExp(`found ${found}$`)),
    }),
  );
});

test("writeContext() lets a write be forced, but not without a reason", () => {
  const headers = { "if-match": "*", "x-sluice-reason": "the end" };
  expect(contextOf(headers, { force: true })).toMatchObject({ force: true, reason: "the end" });
  expect(() => contextOf({ "if-match": "*" }, { force: true })).toThrow(
    expect.objectContaining({
      code: "reason_required",
      message: "Cannot force without a reason: wanted X-Sluice-Reason, found none",
    }),
  );
});
