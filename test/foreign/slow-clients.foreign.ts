import { expect, onTestFinished, test } from "vitest";
import { RawSocket } from "../support/raw-socket.ts";
import { startGunicorn } from "./support/origins.ts";
import { isMissing } from "./support/programs.ts";
import { sidecarFor } from "./support/sidecar-for.ts";
import type { SidecarFor } from "./support/sidecar-for.ts";

/*
 * Goal: a slow client does not hold a worker of an origin that has few. Method: gunicorn with one
 * sync worker, which does one request at a time, behind a sidecar that buffers; clients that send
 * or read nothing more, and others that want an answer meanwhile.
 */

/** More than the kernel takes for a client that does not read, and less than is buffered. */
const LARGE_BYTES = 24 * 1024 * 1024;

async function buffered(): Promise<SidecarFor> {
  const origin = await startGunicorn("flask_app:app");
  onTestFinished(() => origin[Symbol.asyncDispose]());
  return sidecarFor([origin.address], { buffer: { request: "64KiB", response: "64MiB" } });
}

async function opened({ sidecar }: SidecarFor): Promise<RawSocket> {
  const client = await RawSocket.open({ port: sidecar.ports[0] ?? 0 });
  onTestFinished(() => void client.socket.destroy());
  return client;
}

test.skipIf(isMissing("gunicorn"))("Slow uploads hold no worker of gunicorn", async () => {
  const to = await buffered();
  const slow = await Promise.all([1, 2, 3].map(() => opened(to)));
  for (const client of slow) {
    client.send("POST /length HTTP/1.1\r\nHost: web\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc");
  }
  for (let count = 0; count < 20; count += 1) {
    expect(await (await fetch(`${to.url}/`)).text()).toBe("hello");
  }
  for (const client of slow) client.send("\r\n0\r\n\r\n");
  for (const client of slow) expect((await client.response()).body).toBe("3");
});

test.skipIf(isMissing("gunicorn"))("Slow readers hold no worker of gunicorn", async () => {
  const to = await buffered();
  const slow = await opened(to);
  slow.pause();
  slow.send(`GET /large/${LARGE_BYTES} HTTP/1.1\r\nHost: web\r\n\r\n`);
  for (let count = 0; count < 20; count += 1) {
    expect(await (await fetch(`${to.url}/`)).text()).toBe("hello");
  }
  slow.resume();
  expect((await slow.response()).body.length).toBe(LARGE_BYTES);
});

test.skipIf(isMissing("gunicorn"))("Uploads in chunks reach gunicorn with a length", async () => {
  const to = await buffered();
  const client = await opened(to);
  client.send(
    "POST /framing HTTP/1.1\r\nHost: web\r\nTransfer-Encoding: chunked\r\n\r\n" +
      "3\r\nabc\r\n0\r\n\r\n",
  );
  expect((await client.response()).body).toBe("3");
});
