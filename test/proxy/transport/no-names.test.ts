import { expect, test } from "vitest";
import { connectTransport } from "../../../proxy/transport/open-transport.ts";
import { ReadBuffers } from "../../../proxy/transport/read-buffers.ts";
import { eventually } from "../../support/eventually.ts";
import { listen, Recorder } from "./transport-fixture.ts";

test("refuseName() ends a connection to a name, and lets one to an address pass", async () => {
  const port = await listen((socket) => socket.end());
  const told = async (host: string): Promise<string | undefined> => {
    const recorder = new Recorder();
    const transport = connectTransport({ host, port }, new ReadBuffers(), recorder);
    await eventually(() => expect(recorder.told).not.toEqual([]));
    transport.destroy();
    return recorder.told[0];
  };
  expect(await told("localhost")).toBe("broken ENAMEGIVEN");
  expect(await told("127.0.0.1")).toBe("connect");
});
