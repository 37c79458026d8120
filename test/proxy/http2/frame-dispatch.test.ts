import { expect, test } from "vitest";
import { CodecBed } from "./codec-bed.ts";
import { CONFORMANCE } from "./conformance.ts";
import { BEGINNING, headers } from "./raw-frames.ts";

/** A late stream, that a plain request may still begin. */
const LAST = 9999;

test.each(CONFORMANCE)("RFC $rfc section $section: $title", ({ outcome, frames }) => {
  const bed = CodecBed.begun();
  // What is half closed must still be so: nothing is answered before it was looked at.
  bed.answers = outcome === "answered";
  bed.send(...frames);
  const said = bed.said();
  const [scope, code] = outcome.split(" ");
  if (scope === "connection") {
    expect(said.at(-1)).toMatch(new RegExp(`^goAway \\d+ ${code}$`));
    expect([bed.sink.hasEnded, bed.rejected.length]).toEqual([true, 1]);
    expect(CodecBed.begun("server", headers(1)).heard).toContain("GET a.example/");
    return;
  }
  if (scope === "stream") expect(said.join("\n")).toMatch(new RegExp(`^reset \\d+ ${code}$`, "m"));
  else expect(said.join("\n")).toMatch(/^headers \d+ end$/m);
  expect(said.filter((each) => each.startsWith("goAway"))).toEqual([]);
  bed.answers = true;
  const settles = outcome === "stream REFUSED_STREAM";
  if (settles) for (const { stream } of bed.streams) stream?.release();
  expect(bed.send(headers(LAST)).said()).toContain(`headers ${LAST} end`);
});

test("RFC 9113 section 3.4: what is not the preface ends the connection", () => {
  for (const bytes of [Buffer.from("GET / HTTP/1.1\r\n"), BEGINNING.with(3, 0x21)]) {
    const bed = new CodecBed("server");
    bed.connection.begin();
    bed.send(Buffer.from(bytes));
    expect(bed.said().at(-1)).toBe("goAway 0 PROTOCOL_ERROR");
  }
});

test("RFC 9113 section 3.4: SETTINGS come before all other frames", () => {
  const bed = new CodecBed("server");
  bed.connection.begin();
  bed.send(BEGINNING.subarray(0, 24), headers(1));
  expect(bed.said().at(-1)).toBe("goAway 0 PROTOCOL_ERROR");
});

test.each(CONFORMANCE)("It comes to the same when cut: $section, $title", ({ outcome, frames }) => {
  const whole = CodecBed.begun();
  const cut = CodecBed.begun();
  for (const bed of [whole, cut]) bed.answers = outcome === "answered";
  whole.send(...frames);
  const bytes = Buffer.concat(frames);
  const step = bytes.length > 1000 ? 977 : 1;
  for (let at = 0; at < bytes.length; at += step) cut.send(bytes.subarray(at, at + step));
  expect(cut.rejected).toEqual(whole.rejected);
  expect(cut.heard.filter((each) => each !== "idle")).toEqual(
    whole.heard.filter((each) => each !== "idle"),
  );
});
