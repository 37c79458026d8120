import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { RawSocket } from "../support/raw-socket.ts";
import { swapUnderLoad } from "../support/swap-under-load.ts";
import { complaintsOf, startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { TcpOrigin } from "../support/tcp-origin.ts";

/*
 * Goal: connections of plain TCP live through many swaps, and new ones come meanwhile: no byte is
 * lost, comes twice or out of order. Method: numbered lines to an origin that sends them back.
 */

const SWAPS = 50;
const CONNECTIONS = 100;
/** Between two lines of one connection. */
const LINE_EVERY_MS = 20;
/** Old workers end once the connections that they still have are over. */
const END_WAIT_MS = 30_000;
/** Swaps take seconds each where others keep the processors busy. */
const TEST_WAIT_MS = 300_000;

/** A connection that sends numbers, line by line. */
class NumberedLines {
  readonly #client: RawSocket;
  #sent = "";
  #number = 0;

  static async open(port: number): Promise<NumberedLines> {
    const client = await RawSocket.open({ port });
    onTestFinished(() => client.close());
    await client.until("\n");
    return new NumberedLines(client);
  }

  private constructor(client: RawSocket) {
    this.#client = client;
  }

  send(): void {
    const line = `${(this.#number += 1)}\n`;
    this.#sent += line;
    this.#client.send(line);
  }

  get count(): number {
    return this.#number;
  }

  /** What came is the origin's name and all that was sent, in its order. */
  async expectWhole(): Promise<void> {
    await eventually(() =>
      expect(this.#client.text).toHaveLength("v1\n".length + this.#sent.length),
    );
    expect(this.#client.text).toBe(`v1\n${this.#sent}`);
  }
}

async function start(endpoint: string): Promise<TestSidecar> {
  const versions = { v1: { endpoints: [endpoint] } };
  const sidecar = await startSidecar({
    workers: 2,
    listeners: [{ bind: "127.0.0.1:0", tcp: "echo" }],
    services: { echo: { kind: "tcp", versions } },
  });
  onTestFinished(() => sidecar.stop());
  return sidecar;
}

/** Comes for one line after the other, each on a connection of its own. */
async function comeAndGo(port: number, over: AbortSignal): Promise<number> {
  let came = 0;
  for (; !over.aborted; came += 1) {
    const client = await RawSocket.open({ port });
    await client.until("v1\n");
    client.send("hello\n");
    await client.until("v1\nhello\n");
    client.close();
  }
  return came;
}

test(
  `${SWAPS} swaps with ${CONNECTIONS} open connections of TCP lose no byte`,
  async () => {
    const origin = await TcpOrigin.start("v1");
    const sidecar = await start(origin.address);
    const [port = 0] = sidecar.ports;
    const kept: NumberedLines[] = [];
    while (kept.length < CONNECTIONS) kept.push(await NumberedLines.open(port));
    const over = new AbortController();
    const comers = [1, 2].map(() => comeAndGo(port, over.signal));
    const talk = setInterval(() => kept.forEach((each) => each.send()), LINE_EVERY_MS);
    onTestFinished(() => clearInterval(talk));
    for (let swap = 0; swap < SWAPS; swap += 1) {
      await swapUnderLoad(sidecar);
    }
    over.abort();
    const came = await Promise.all(comers);
    clearInterval(talk);
    for (const each of kept) await each.expectWhole();
    const lines = kept.reduce((sum, { count }) => sum + count, 0);
    process.stdout.write(`${JSON.stringify({ lines, came })}\n`);
    expect(Math.min(...came)).toBeGreaterThan(SWAPS);
    expect(lines).toBeGreaterThan(SWAPS * CONNECTIONS);
    await eventually(() => expect(sidecar.workerPids()).toHaveLength(2), END_WAIT_MS);
    expect(complaintsOf(sidecar)).toEqual([]);
  },
  TEST_WAIT_MS,
);
