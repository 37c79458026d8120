import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import tls from "node:tls";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, onTestFinished, test } from "vitest";
import { acceptTls, connectTransport } from "../../../proxy/transport/open-transport.ts";
import { ReadBuffers } from "../../../proxy/transport/read-buffers.ts";
import { eventually } from "../../support/eventually.ts";
import { tlsClientSide, tlsServerSide } from "./tls-fixture.ts";
import { cutter, dialWith, holder, serveTls } from "./tls-listener.ts";
import { dial, listen, Recorder } from "./transport-fixture.ts";

test("TlsTransport sends one text for many writes of a turn, in order", async () => {
  class Answering extends Recorder {
    override onData(bytes: Buffer, end: number): void {
      super.onData(bytes, end);
      for (const part of ["one ", "two ", "three"]) transports[0]?.write(part);
      transports[0]?.end();
    }
  }
  const { port, transports } = await serveTls({}, () => new Answering());
  const socket = dialWith(port);
  const received: Buffer[] = [];
  socket.on("data", (bytes: Buffer) => received.push(bytes));
  socket.write("x");
  await once(socket, "end");
  expect(Buffer.concat(received).toString()).toBe("one two three");
});

test("TlsTransport.endIsProven by close_notify, also if it was read while paused", async () => {
  class Pausing extends Recorder {
    override onData(bytes: Buffer, end: number): void {
      super.onData(bytes, end);
      if (this.text.length <= 1) transports.at(-1)?.pause();
    }
  }
  const { port, recorders, transports } = await serveTls({}, () => new Pausing());
  for (const [index, text] of ["x", "y".repeat(60_000)].entries()) {
    const socket = dialWith(port);
    await once(socket, "secureConnect");
    socket.write("a");
    await eventually(() => expect(recorders[index]?.text).toBe("a"));
    // All of it waits in one read: OpenSSL decrypts it in pieces.
    socket.end(text);
    await turn();
    transports[index]?.resume();
    await eventually(() => expect(recorders[index]?.told).toContain("end"));
    expect([recorders[index]?.text, transports[index]?.endIsProven]).toEqual([`a${text}`, true]);
  }
});

test("TlsTransport.endIsProven is false when a FIN comes alone", async () => {
  const { port, recorders, transports } = await serveTls();
  const between = await cutter(port);
  const socket = dialWith(between.port);
  await once(socket, "secureConnect");
  socket.write("half of");
  await eventually(() => expect(recorders[0]?.text).toBe("half of"));
  between.cut();
  await eventually(() => expect(recorders[0]?.told).toEqual(["connect", "end"]));
  expect([transports[0]?.ended, transports[0]?.endIsProven]).toEqual([true, false]);
});

test("TlsTransport gives nothing while it is paused, and then all of it in order", async () => {
  let most = 0;
  class Stopping extends Recorder {
    override onData(bytes: Buffer, end: number): void {
      expect(isPaused).toBe(false);
      super.onData(bytes, end);
      most = Math.max(most, end);
      isPaused = true;
      transports[0]?.pause();
      setImmediate(() => {
        isPaused = false;
        transports[0]?.resume();
      });
    }
  }
  let isPaused = false;
  const { port, recorders, transports } = await serveTls({}, () => new Stopping());
  const socket = dialWith(port);
  const text = Array.from({ length: 100_000 }, (_, at) => String(at)).join(" ");
  socket.end(text);
  await eventually(() => expect(recorders[0]?.told).toEqual(["connect", "end"]));
  expect([recorders[0]?.text === text, most <= 16_384]).toEqual([true, true]);
});

test("TlsTransport begins with what was read before it", async () => {
  const recorder = new Recorder();
  const port = await listen((socket) => {
    socket.once("data", (bytes: Buffer) => {
      const read = bytes.subarray("PREFACE".length);
      socket.pause();
      acceptTls(socket, tlsServerSide(), new ReadBuffers(), recorder, read);
    });
  });
  const raw = await dial(port);
  raw.write("PREFACE");
  const socket = tls.connect({ socket: raw, rejectUnauthorized: false });
  onTestFinished(() => void socket.destroy());
  socket.write("hello");
  await eventually(() => expect(recorder.text).toBe("hello"));
});

test("TlsTransport.end() sends close_notify before FIN, behind tickets too", async () => {
  class Ending extends Recorder {
    // The tickets of TLS 1.3 go out behind the first read of the kernel's, this is the last one.
    override onData(bytes: Buffer, end: number): void {
      super.onData(bytes, end);
      if (this.text.length === sent.length) transports[0]?.end();
    }
  }
  const { port, transports } = await serveTls({}, () => new Ending());
  const sent = "x".repeat(60_000);
  const between = await holder(port);
  const recorder = new Recorder();
  const client = connectTransport(
    { host: "127.0.0.1", port: between },
    new ReadBuffers(),
    recorder,
    tlsClientSide(),
  );
  onTestFinished(() => client.destroy());
  recorder.onConnect = () => client.write(sent);
  await eventually(() => expect(recorder.told).toEqual(["end"]));
  expect([client.endIsProven, transports.length]).toEqual([true, 1]);
});

test("TlsTransport outlives a collection while nobody but libuv holds its connection", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  let heard = 0;
  class Counting extends Recorder {
    override onData(): void {
      heard += 1;
    }
  }
  const served = await serveTls({}, () => new Counting());
  const socket = dialWith(served.port);
  await once(socket, "secureConnect");
  await eventually(() => expect(served.recorders[0]?.told).toEqual(["connect"]));
  served.recorders.length = 0;
  served.transports.length = 0;
  for (let times = 0; times < 5; times += 1) {
    collect();
    await turn();
  }
  socket.write("x");
  await eventually(() => expect(heard).toBe(1));
});
