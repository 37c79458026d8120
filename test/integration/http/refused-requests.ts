import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { exchangeRaw } from "../../support/raw-socket.ts";
import { DataPlane } from "./data-plane.ts";

/** A request that must be refused. */
export type RefusedRequest = {
  /** The attack, or the rule that it breaks, with its section. */
  readonly name: string;
  readonly bytes: string;
  readonly status: number;
  /** The `reason` of sluice_rejected_total. */
  readonly reason: string;
};

/** A request that must be taken. */
export type TakenRequest = {
  readonly name: string;
  readonly bytes: string;
  /** What the origin must have received, anywhere in the request. */
  readonly sees: readonly string[];
  /** What the origin must not have received. */
  readonly seesNot?: readonly string[];
};

/** What is sent after each request: what a refused one carries must never be read as a request. */
const SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: web\r\n\r\n";

/**
 * The tests of a table: each refusal is one answer with the status, a close that loses nothing, a
 * count, and silence at the origin; each request that is taken arrives, and so does the next one.
 */
export function describeRequests(
  what: string,
  refused: readonly RefusedRequest[],
  taken: readonly TakenRequest[],
): void {
  describe(what, () => {
    let plane: DataPlane;

    beforeAll(async () => {
      plane = await DataPlane.start();
    });
    afterEach(() => plane.endTest());
    afterAll(() => plane[Symbol.asyncDispose]());

    test.each(refused)("refuses with $status: $name", async ({ bytes, status, reason }) => {
      const before = await plane.rejected(reason);
      const { response, fate, rest } = await exchangeRaw(plane.target(), bytes + SMUGGLED);
      expect(response.status).toBe(status);
      expect(response.body).toBe(`The request was refused: ${reason}\n`);
      expect(response.field("connection")).toBe("close");
      expect(response.field("proxy-status")).toBe("sluice; error=http_request_error");
      expect({ fate, rest }).toEqual({ fate: "fin", rest: "" });
      expect(plane.origin.connections).toHaveLength(0);
      expect(await plane.rejected(reason)).toBe(before + 1);
    });

    test.each(taken)("takes: $name", async ({ bytes, sees, seesNot = [] }) => {
      const client = await plane.open();
      expect((await client.send(bytes).finalResponse()).status).toBe(200);
      const text = plane.origin.requests[0]?.text;
      for (const each of sees) expect(text).toContain(each);
      for (const each of seesNot) expect(text).not.toContain(each);
      expect(plane.origin.requests).toHaveLength(1);
    });

    test("answers a plain GET after all of that", () => plane.expectAlive());
  });
}
