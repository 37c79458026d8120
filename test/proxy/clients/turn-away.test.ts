import { expect, test } from "vitest";
import { TurnAway } from "../../../proxy/clients/turn-away.ts";
import type { RawSocket } from "../../support/raw-socket.ts";
import { eventually } from "../../support/eventually.ts";
import { ClientsBed } from "./clients-fixture.ts";

const BUSY = "HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
/** As many as get an answer at once. */
const ANSWERED_MAX = 256;

test("TurnAway answers and sends FIN, and what still comes destroys no answer", async () => {
  const bed = await ClientsBed.start();
  const { client, accepted } = await bed.accept();
  client.send("POST / HTTP/1.1\r\nHost: web\r\nContent-Length: 9\r\n\r\n");
  new TurnAway(bed.deps).take(accepted, BUSY);
  expect((await client.response()).status).toBe(503);
  expect(await client.send("the body!").finish().closed()).toBe("fin");
  await eventually(() => expect(bed.deps.connections.lingering).toBe(0));
});

test("TurnAway lets a client go that stays after its answer", async () => {
  const bed = await ClientsBed.start();
  const { client, accepted } = await bed.accept();
  new TurnAway(bed.deps).take(accepted, BUSY);
  expect(await client.ended()).toBe("fin");
  expect(bed.deps.connections.lingering).toBe(1);
  bed.time.advance(2_100);
  await eventually(() => expect(bed.deps.connections.lingering).toBe(0));
});

test("TurnAway cuts whoever comes while it has 256, until one of them has gone", async () => {
  const bed = await ClientsBed.start();
  const turnAway = new TurnAway(bed.deps);
  const take = async (): Promise<RawSocket> => {
    const { client, accepted } = await bed.accept();
    turnAway.take(accepted, BUSY);
    return client;
  };
  const answered = await Promise.all(Array.from({ length: ANSWERED_MAX }, take));
  for (const client of answered) await client.until("503 Busy");
  const cut = await take();
  await cut.ended();
  expect(cut.text).toBe("");
  answered[0]?.finish();
  await eventually(() => expect(bed.deps.connections.lingering).toBe(ANSWERED_MAX - 1));
  expect((await (await take()).response()).status).toBe(503);
});
