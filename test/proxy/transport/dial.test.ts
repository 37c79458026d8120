import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Dial } from "../../../proxy/transport/dial.ts";
import type { StreamHandle } from "../../../proxy/transport/stream-handles.ts";
import { eventually } from "../../support/eventually.ts";
import { StalledListener } from "../../support/stalled-listener.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { codeOf, listen } from "./transport-fixture.ts";

/** Writes down how a dial ends. */
class Owner {
  readonly told: string[] = [];
  handle: StreamHandle | undefined;

  onDialled(handle: StreamHandle): void {
    this.told.push("dialled");
    this.handle = handle;
  }

  onDialFailed(error: Error | undefined): void {
    this.told.push(error === undefined ? "cancelled" : codeOf(error));
  }
}

test("Dial gives the stream of an open connection, with nothing read from it", async () => {
  const accepted = Promise.withResolvers<Socket>();
  const port = await listen(accepted.resolve);
  const owner = new Owner();
  const dial = new Dial({ host: "127.0.0.1", port }, owner);
  onTestFinished(() => owner.handle?.close());
  expect([dial, owner.told]).toEqual([dial, []]);
  await eventually(() => expect(owner.told).toEqual(["dialled"]));
  const peer = await accepted.promise;
  const taken = owner.handle as StreamHandle;
  let bytes = 0;
  taken.onread = () => {
    bytes += 1;
    return undefined;
  };
  peer.write("x");
  taken.readStart();
  await eventually(() => expect(bytes).toBeGreaterThan(0));
  expect(owner.told).toEqual(["dialled"]);
});

test("Dial tells why there is no connection, once", async () => {
  const owner = new Owner();
  const dial = new Dial({ path: "/dev/null/origin.sock" }, owner);
  await eventually(() => expect(owner.told).toEqual(["ENOTDIR"]));
  dial.cancel();
  // Whatever the dial had still to say would be said by the time another connection stands.
  const port = await listen(() => undefined);
  const socket = connect({ host: "127.0.0.1", port });
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  expect(owner.told).toEqual(["ENOTDIR"]);
});

test("Dial.cancel() ends it without an error", async () => {
  const port = await listen(() => undefined);
  const owner = new Owner();
  new Dial({ host: "127.0.0.1", port }, owner).cancel();
  expect(owner.told).toEqual([]);
  await eventually(() => expect(owner.told).toEqual(["cancelled"]));
});

test("Dial waits while the queue of a Unix socket is full", async () => {
  using stalled = await StalledListener.start(join(await temporaryFolder(), "full.sock"));
  const owner = new Owner();
  const path = stalled.address.slice("unix:".length);
  const dial = new Dial({ path }, owner);
  const cancelled = new Owner();
  const other = new Dial({ path }, cancelled);
  onTestFinished(() => owner.handle?.close());
  // Both have been refused by then.
  await new Promise<void>((resolve) => {
    connect({ path }).once("error", () => resolve());
  });
  other.cancel();
  await eventually(() => expect(cancelled.told).toEqual(["EAGAIN"]));
  expect([dial, owner.told]).toEqual([dial, []]);
  stalled.goOn();
  await eventually(() => expect(owner.told).toEqual(["dialled"]));
});

test.each([
  ["a port that is none", { host: "127.0.0.1", port: 70_000 }, "ERR_SOCKET_BAD_PORT"],
  ["a path with a NUL in it", { path: "./a\0b" }, "EINVAL"],
  ["an address that is a name", { host: "web.internal", port: 80 }, "ENAMEGIVEN"],
])("Dial to %s throws nothing, and tells", async (_, target, code) => {
  const owner = new Owner();
  const dial = new Dial(target, owner);
  expect([dial, owner.told]).toEqual([dial, []]);
  await eventually(() => expect(owner.told).toEqual([code]));
});
