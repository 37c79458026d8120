import { onTestFinished } from "vitest";
import { OutgoingRequest } from "../../../proxy/http1/outgoing-request.ts";
import { RequestHead } from "../../../proxy/http1/request-head.ts";
import type { UpstreamStream } from "../../../proxy/upstream/upstream-stream.ts";
import type { VersionPool } from "../../../proxy/upstream/version-pool.ts";
import { Http2Origin } from "../../support/http2-origin.ts";
import { eventually } from "../../support/eventually.ts";
import { poolPolicy, RecordingUser, versionPool } from "./pool-fixture.ts";
import type { PoolPolicy } from "../../../proxy/upstream/pool-policy.ts";
import type { Limits } from "../../../proxy/table/snapshot.ts";

/** A policy whose endpoints speak HTTP/2. */
export function http2Policy(
  limits: Partial<Limits> = {},
  deps: Partial<PoolPolicy> = {},
): PoolPolicy {
  return poolPolicy(limits, { protocol: "h2", ...deps });
}

/** An origin that ends with the test. */
export async function http2Origin(
  ...args: Parameters<typeof Http2Origin.start>
): Promise<Http2Origin> {
  const origin = await Http2Origin.start(...args);
  onTestFinished(() => origin[Symbol.dispose]());
  return origin;
}

/** A pool in front of this origin alone. */
export function streamPool(
  { address }: Http2Origin,
  policy: PoolPolicy = http2Policy(),
): VersionPool {
  return versionPool([address], policy);
}

/** The head of a request as it goes upstream. */
export function outgoing(text = "GET /x HTTP/1.1\r\nHost: web\r\n\r\n"): OutgoingRequest {
  const head = new RequestHead();
  const bytes = Buffer.from(text, "latin1");
  head.reset();
  head.parse(bytes, 0, bytes.length);
  return new OutgoingRequest(head, "sluice-test");
}

/** Has its stream for a user that waits for it, or has it at once. */
export async function openStream(user: RecordingUser): Promise<UpstreamStream> {
  user.acquire();
  return eventually(() => {
    if (user.slot?.ready === true) return user.slot as UpstreamStream;
    throw new Error(`No stream: ${user.told.join()}`);
  });
}

/** Sends a request without a body. */
export function sendOn(slot: UpstreamStream, request: OutgoingRequest = outgoing()): void {
  slot.send(slot.encode(request), "");
  slot.finish("");
}

/** Sends one and waits for the end of its answer, which is then released. */
export async function ask(pool: VersionPool): Promise<readonly string[]> {
  const user = new RecordingUser(pool);
  const slot = await openStream(user);
  user.onTold = () => {
    if (user.told.at(-1)?.startsWith("finish") === true) pool.release(slot);
  };
  sendOn(slot);
  return eventually(() => {
    const { told } = user;
    if (/^finish|^closed|^broken|^failed/.test(told.at(-1) ?? "")) return told;
    throw new Error(`No end: ${told.join()}`);
  });
}
