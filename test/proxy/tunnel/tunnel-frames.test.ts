import { expect, test } from "vitest";
import { TunnelFrames } from "../../../proxy/tunnel/tunnel-frames.ts";

/** Text frames: "hi", the first half of a message, and Close. */
const SERVER = { whole: "810268 69", half: "010268 69", close: "880203e8", wrong: "c100" };
const CLIENT = { whole: "818200000000 6869", close: "888200000000 03e8", wrong: "8100" };

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");

function framesAfter(server: string, client = ""): TunnelFrames {
  const frames = new TunnelFrames();
  const [down, up] = [bytesOf(server), bytesOf(client)];
  frames.server.scan(down, 0, down.length);
  frames.client.scan(up, 0, up.length);
  return frames;
}

test.each([
  ["nothing was sent", "", "", [true, false, true]],
  ["each has sent a message", SERVER.whole, CLIENT.whole, [true, false, true]],
  ["the server is in a message", SERVER.half, CLIENT.whole, [true, false, false]],
  ["the client is in a frame", SERVER.whole, CLIENT.whole.slice(0, 6), [true, false, true]],
  ["the server closes", SERVER.close, "", [true, true, true]],
  ["the client closes, the server is in a message", SERVER.half, CLIENT.close, [true, true, true]],
  ["the server breaks the rules", SERVER.half + SERVER.wrong, "", [false, false, true]],
  ["the client breaks the rules", SERVER.half, CLIENT.wrong, [false, false, true]],
])("TunnelFrames knows where it stands when %s", (_, server, client, expected) => {
  const frames = framesAfter(server, client);
  expect([frames.valid, frames.closing, frames.clientIsBetweenMessages]).toEqual(expected);
});

test("TunnelFrames goes on in another process where it stood in both directions", () => {
  const before = framesAfter(SERVER.half, CLIENT.whole.slice(0, 6));
  const state = JSON.parse(JSON.stringify(before)) as ReturnType<TunnelFrames["toJSON"]>;
  const after = TunnelFrames.from(state);
  expect(after.toJSON()).toEqual(before.toJSON());
  expect(after.clientIsBetweenMessages).toBe(false);
});
