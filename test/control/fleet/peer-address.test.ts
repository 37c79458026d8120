import { expect, test } from "vitest";
import { peerAddressOf } from "../../../control/fleet/peer-address.ts";

test.each([
  ["https://10.0.0.7:9180", "there", "https://10.0.0.7:9180", true],
  ["https://edge-7.internal", "there", "https://edge-7.internal", true],
  ["https://[fd00::7]:9180/", undefined, "https://[fd00::7]:9180", true],
  ["http://127.0.0.1:9181", "here", "http://127.0.0.1:9181", false],
  ["http://[::1]:9181", "here", "http://[::1]:9181", false],
  ["https://localhost:9181", "here", "https://localhost:9181", true],
])("peerAddressOf() finds %s of a sidecar on %j", (api, host, origin, isSecure) => {
  expect(peerAddressOf({ api, host }, "here")).toEqual({ kind: "known", origin, isSecure });
});

test.each([
  [undefined, "here", "does not say"],
  ["unix:/run/docker.sock", "here", "a Unix socket"],
  ["http://10.0.0.7:9180", "here", "over https:// only"],
  ["http://127.0.0.1:9181", "there", "the loopback of another machine"],
  ["http://127.0.0.1:9181", undefined, "the loopback of another machine"],
  ["https://127.1:9181", "there", "the loopback of another machine"],
  ["https://0x7f000001:9181", "there", "the loopback of another machine"],
  ["https://0.0.0.0:9180", "here", "listens on all addresses"],
  ["https://[::]:9180", "here", "listens on all addresses"],
  ["https://10.0.0.7:9180/v1/drain?", "here", "none of an API"],
  ["https://10.0.0.7:9180?a", "here", "none of an API"],
  ["https://me:secret@10.0.0.7:9180", "here", "none of an API"],
  ["ftp://10.0.0.7", "here", "none of an API"],
  ["file:///etc/passwd", "here", "none of an API"],
  ["https://my host:1", "here", "none of an API"],
  ["nonsense", "here", "none of an API"],
  ["", "here", "none of an API"],
])("peerAddressOf() does not ask %j of a sidecar on %j", (api, host, reason) => {
  expect(peerAddressOf({ api, host }, "here")).toMatchObject({
    kind: "unknown",
    reason: expect.stringContaining(reason),
  });
});
