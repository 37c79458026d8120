import { errors } from "undici";
import { expect, test } from "vitest";
import { ConsulError } from "../../../control/consul/consul-error.ts";
import {
  ClosedAtOnceError,
  closedRead,
  describeSilence,
  isLimited,
  packageAnswer,
} from "../../../control/consul/failure.ts";

/** An error as the package `consul` throws it. */
function refusal(statusCode: number, body?: unknown): Error {
  return Object.assign(new Error("refused"), { response: { statusCode, body, token: "secret" } });
}

test("packageAnswer() takes status and text out of an error of the package, and no more", () => {
  expect(packageAnswer(refusal(403, Buffer.from("no")))).toEqual({ statusCode: 403, text: "no" });
  expect(packageAnswer(refusal(500, { a: 1 }))).toEqual({ statusCode: 500, text: "" });
  expect(packageAnswer(new Error("reset"))).toBeUndefined();
  expect(packageAnswer("reset")).toBeUndefined();
});

test.each([
  [new ConsulError("consul_busy", "read", "too many"), true],
  [new ClosedAtOnceError("read"), true],
  [new ConsulError("consul_failed", "read", "broken"), false],
  [refusal(429), true],
  [refusal(500), false],
  [new Error("reset"), false],
])("isLimited() of %s is %s", (error, limited) => {
  expect(isLimited(error)).toBe(limited);
});

test.each([
  [new errors.HeadersTimeoutError(), "consul_timeout", "Consul does not answer in time"],
  [Object.assign(new Error("late"), { isTimeout: true }), "consul_timeout", "in time"],
  [new errors.ResponseExceededMaxSizeError(), "consul_unreadable", "larger than 32 MiB"],
  [new Error(" reset "), "consul_unreachable", "Consul cannot be reached (reset)"],
  [Object.assign(new Error(""), { code: "ECONNREFUSED" }), "consul_unreachable", "(ECONNREFUSED)"],
  ["reset", "consul_unreachable", "(reset)"],
])("describeSilence() of %s is %s", (error, code, message) => {
  const described = describeSilence(error);
  expect(described.code).toBe(code);
  expect(described.message).toContain(message);
});

const RESET = Object.assign(new Error("reset"), { code: "ECONNRESET" });
const REFUSED = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });

test.each([
  [RESET, 5, false, "consul_busy"],
  [new errors.SocketError("other side closed"), 999, true, "consul_busy"],
  // It was served until then.
  [RESET, 1_000, true, "consul_unreachable"],
  [RESET, 1_000, false, undefined],
  [REFUSED, 5, true, undefined],
  ["reset", 5, true, undefined],
])("closedRead() of %s after %i ms, waiting %s, is %s", (error, afterMs, waits, code) => {
  expect(closedRead(error, { action: "read", waits, afterMs })?.code).toBe(code);
});

test("closedRead() names the key for a gateway that ends connections which wait", () => {
  const about = { action: "read service web", waits: true, afterMs: 30_000 };
  expect(closedRead(RESET, about)?.message).toBe(
    "Cannot read service web: Consul cannot be reached (the connection was closed while a query " +
      "waited; if that repeats, consul.wait is longer than somebody in between lets a " +
      "connection rest)",
  );
});

test("a ClosedAtOnceError says what an agent closes connections for", () => {
  const { message, code, outcomeUnknown } = new ClosedAtOnceError("read service web");
  expect([code, outcomeUnknown]).toEqual(["consul_busy", false]);
  expect(message).toContain("limits.http_max_conns_per_client");
});
