import { expect, test } from "vitest";
import { Http2Departure } from "../../../proxy/clients/http2-departure.ts";
import { requestBlock } from "../../../proxy/http2/encode-head.ts";
import { CodecBed } from "../http2/codec-bed.ts";
import { headers, ping } from "../http2/raw-frames.ts";

const POST = requestBlock("POST", "http", "a.example", "/");
const LAST = "goAway 2147483647 NO_ERROR";

test("Http2Departure asks once, and is due a second later", () => {
  const bed = CodecBed.begun();
  const departure = new Http2Departure(bed.connection);
  expect([departure.isAsked, departure.isDue(99_000)]).toEqual([false, false]);
  departure.ask(5_000);
  departure.ask(6_000);
  expect(bed.turn().said()).toEqual([LAST, "ping"]);
  expect([departure.isAsked, departure.isDue(5_999), departure.isDue(6_000)]).toEqual([
    true,
    false,
    true,
  ]);
});

test("Http2Departure takes streams that wait when it asks its client to leave", () => {
  const bed = CodecBed.begun("server", headers(1, POST, false));
  const departure = new Http2Departure(bed.connection);
  departure.hold();
  bed.send(headers(3));
  expect([departure.isHolding, bed.said()]).toEqual([true, []]);
  departure.ask(5_000);
  expect([departure.isHolding, bed.turn().said()]).toEqual([
    false,
    [LAST, "ping", "headers 3 end"],
  ]);
  departure.release();
  expect(bed.turn().said()).toEqual([]);
});

test("Http2Departure asks nobody whose connection is lost", () => {
  const bed = CodecBed.begun();
  const departure = new Http2Departure(bed.connection);
  bed.send(ping("short"));
  expect(bed.said()).toEqual(["goAway 0 FRAME_SIZE_ERROR"]);
  departure.ask(5_000);
  expect([departure.isAsked, bed.turn().said()]).toEqual([false, []]);
});

test("Http2Departure holds once, and is hopeless when it was to move for 5 s", () => {
  const bed = CodecBed.begun("server", headers(1, POST, false));
  const departure = new Http2Departure(bed.connection);
  expect([departure.isHopeless(50_000), departure.isHopeless(54_999)]).toEqual([false, false]);
  expect(departure.isHopeless(55_000)).toBe(true);
  expect([departure.hold(), departure.isHolding]).toEqual([true, true]);
  departure.release();
  expect([departure.hold(), departure.isHolding]).toEqual([false, false]);
});
