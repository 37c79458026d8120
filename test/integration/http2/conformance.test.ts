import { afterAll, beforeAll, expect, test } from "vitest";
import { CONFORMANCE } from "../../proxy/http2/conformance.ts";
import { BEGINNING, SETTINGS_ACK_FRAME, headers, inWords } from "../../proxy/http2/raw-frames.ts";
import { eventually } from "../../support/eventually.ts";
import { RawSocket } from "../../support/raw-socket.ts";
import { startSidecar } from "../../support/sidecar.ts";
import type { TestSidecar } from "../../support/sidecar.ts";
import { VersionOrigin } from "../../support/version-origin.ts";

/*
 * Goal: RFC 9113 and 7541 section by section, at a real sidecar: what a conformance tool asks for.
 * Method: the table of raw frames that the codec is tried with, each on a connection of its own;
 * after each a plain request must be answered, on the same connection if only a stream has ended.
 */

/** A stream that no case has used. */
const LAST = 9999;

let origin: VersionOrigin;
let sidecar: TestSidecar;

beforeAll(async () => {
  origin = await VersionOrigin.start("v1");
  sidecar = await startSidecar({
    services: {
      web: { hosts: ["a.example", "a"], versions: { v1: { endpoints: [origin.address] } } },
    },
  });
});

afterAll(async () => {
  await sidecar.stop();
  origin[Symbol.dispose]();
});

/** A connection that has begun and sends these frames. */
async function sending(...frames: readonly Buffer[]): Promise<RawSocket> {
  const socket = await RawSocket.open({ port: sidecar.ports[0] ?? 0 });
  return socket.send(Buffer.concat([BEGINNING, SETTINGS_ACK_FRAME, ...frames]));
}

/** Waits for a frame in words. */
async function said(socket: RawSocket, wanted: RegExp): Promise<string> {
  return eventually(() => {
    const words = inWords(Buffer.from(socket.text, "latin1")).join("\n");
    expect(words).toMatch(wanted);
    return words;
  });
}

test.each(CONFORMANCE)("RFC $rfc section $section: $title", async ({ outcome, frames }) => {
  const socket = await sending(...frames);
  try {
    const [scope, code] = outcome.split(" ");
    if (scope === "connection") {
      await said(socket, new RegExp(`^goAway \\d+ ${code}$`, "m"));
      const other = await sending(headers(1));
      await said(other, /^headers 1/m);
      other.close();
      return;
    }
    if (scope === "stream") await said(socket, new RegExp(`^reset \\d+ ${code}$`, "m"));
    else await said(socket, /^headers \d+/m);
    if (outcome === "stream REFUSED_STREAM") return;
    socket.send(headers(LAST));
    const words = await said(socket, new RegExp(`^headers ${LAST}`, "m"));
    expect(words).not.toMatch(/^goAway/m);
  } finally {
    socket.close();
  }
});
