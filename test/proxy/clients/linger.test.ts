import { expect, test } from "vitest";
import { Linger } from "../../../proxy/clients/linger.ts";
import { eventually } from "../../support/eventually.ts";
import { manualWheel } from "../../support/manual-wheel.ts";
import { KINDS, Recorder, acceptedPair } from "../transport/transport-fixture.ts";
import type { Kind } from "../transport/transport-fixture.ts";

const [HANDLES] = KINDS as [Kind];
/** What has to come in each step of 2 s. */
const STEP_BYTES = 2_048;

/** A lingering connection, whose client has its answer and FIN. */
async function startLinger(alreadyLingering = 0) {
  const { wheel, advance } = manualWheel();
  const count = { lingering: alreadyLingering };
  const gone: string[] = [];
  const { transport, peer } = await acceptedPair(HANDLES);
  const linger = new Linger({ transport, wheel, count, onGone: () => gone.push("gone") });
  const recorder = new Recorder();
  peer.on("data", (bytes: Buffer) => recorder.onData(bytes, bytes.length));
  peer.on("end", () => recorder.onEnd());
  transport.write("answer");
  linger.begin();
  await eventually(() => expect([recorder.text, recorder.told]).toEqual(["answer", ["end"]]));
  let sent = 0;
  let read = 0;
  const onData = linger.onData.bind(linger);
  linger.onData = (bytes, end) => {
    read += end;
    onData(bytes, end);
  };
  /** Sends so many bytes, and waits until they are read. */
  const send = async (bytes: number): Promise<void> => {
    sent += bytes;
    peer.write(Buffer.alloc(bytes, "x"));
    await eventually(() => expect(read).toBe(sent));
  };
  return { advance, count, gone, peer, send };
}

test("Linger reads what a client still sends for 30 s, and not longer", async () => {
  const { advance, gone, send, count } = await startLinger();
  for (let seconds = 2; seconds < 30; seconds += 2) {
    await send(STEP_BYTES);
    advance(2_000);
  }
  expect([gone, count.lingering]).toEqual([[], 1]);
  await send(STEP_BYTES);
  advance(2_100);
  await eventually(() => expect(gone).toEqual(["gone"]));
  expect(count.lingering).toBe(0);
});

test("Linger takes any number of bytes: 5 MB are read to the end", async () => {
  const { gone, peer, send } = await startLinger();
  await send(5_000_000);
  expect(gone).toEqual([]);
  peer.end();
  await eventually(() => expect(gone).toEqual(["gone"]));
});

test("Linger lets a client go that sends nothing, or next to nothing, for 2 s", async () => {
  for (const bytes of [0, STEP_BYTES - 1]) {
    const { advance, gone, send } = await startLinger();
    await send(STEP_BYTES);
    advance(2_100);
    await send(bytes);
    advance(1_800);
    expect(gone).toEqual([]);
    advance(300);
    await eventually(() => expect(gone).toEqual(["gone"]));
  }
});

test("Linger gives 2 s and no more to one above 1024 of a worker", async () => {
  const { advance, gone, send, count } = await startLinger(1_024);
  await send(STEP_BYTES);
  advance(2_100);
  await eventually(() => expect(gone).toEqual(["gone"]));
  expect(count.lingering).toBe(1_024);
});
