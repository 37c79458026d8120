import { expect, test } from "vitest";
import {
  FRAME_HEAD_BYTES,
  FrameFlag,
  PING_BYTES,
  PREFACE,
  SETTINGS_ACK,
  goAwayFrame,
  headerFrames,
  pingFrame,
  resetFrame,
  uint31At,
  uint32At,
  uint32Text,
  windowUpdateFrame,
} from "../../../proxy/http2/frames.ts";

function hex(text: string): string {
  return Buffer.from(text, "latin1").toString("hex");
}

test("Frames are as RFC 9113 section 6 draws them", () => {
  expect(hex(resetFrame(0x7fff_ffff, 8))).toBe("00000403007fffffff00000008");
  expect(hex(windowUpdateFrame(0, 258))).toBe("00000408000000000000000102");
  expect(hex(goAwayFrame(5, 11))).toBe("000008070000000000000000050000000b");
  expect(hex(pingFrame("abcdefgh", true))).toBe("0000080601000000006162636465666768");
});

test("headerFrames() fits a block into the frames that the peer takes", () => {
  const whole = "000003010500000001616263";
  expect(hex(headerFrames(1, "abc", true, 3))).toBe(whole);
  const frames = ["000003010000000001616263", "000003090000000001646566", "0000020904000000016768"];
  expect(hex(headerFrames(1, "abcdefgh", false, 3))).toBe(frames.join(""));
});

test("uint32At() and uint31At() read what uint32Text() writes", () => {
  const bytes = Buffer.from(uint32Text(0xfedc_ba98), "latin1");
  expect(uint32At(bytes, 0)).toBe(0xfedc_ba98);
  expect(uint31At(bytes, 0)).toBe(0x7edc_ba98);
});

test("What is said at the beginning is as RFC 9113 sections 3.4 and 6.5 have it", () => {
  expect(hex(PREFACE)).toBe("505249202a20485454502f322e300d0a0d0a534d0d0a0d0a");
  expect(SETTINGS_ACK).toHaveLength(FRAME_HEAD_BYTES);
  expect(SETTINGS_ACK.charCodeAt(4)).toBe(FrameFlag.ack);
  expect(pingFrame("abcdefgh", false)).toHaveLength(FRAME_HEAD_BYTES + PING_BYTES);
});
