import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { RawOrigin, answer } from "../../support/origin.ts";
import type { Script } from "../../support/origin.ts";
import { exchangeRaw } from "../../support/raw-socket.ts";
import { startSidecar } from "../../support/sidecar.ts";
import { head } from "./data-plane.ts";

const GET = head("GET / HTTP/1.1", "Host: web", "Connection: close");
const FAILURE = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n";

/** Fails every `nth` request. */
function failing(nth: number): Script {
  let requests = 0;
  return (connection, request) => {
    requests += 1;
    answer(requests % nth === 0 ? FAILURE : "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")(
      connection,
      request,
    );
  };
}

test(
  "an endpoint whose every third request fails is ejected, tried and ejected again",
  { timeout: 60_000 },
  async () => {
    using sick = await RawOrigin.start();
    using well = await RawOrigin.start();
    sick.onRequest = failing(3);
    const sidecar = await startSidecar({
      workers: 1,
      services: {
        web: {
          versions: { v1: { endpoints: [sick.address, well.address] } },
          // By latency one of them might get nearly all, for a moment's reason.
          balance: "roundRobin",
          ejection: { baseTime: "2s", maxTime: "60s", samples: 10 },
        },
      },
    });
    onTestFinished(sidecar.stop);
    const ask = async (): Promise<void> => {
      await exchangeRaw({ port: sidecar.ports[0] as number }, GET);
    };
    const isOut = async (): Promise<boolean> => {
      const view = await sidecar.call("GET", "/v1/services/web");
      const text = await view.text();
      return /"ejectedBy":[1-9]/.test(text);
    };
    await eventually(async () => {
      for (let asked = 0; asked < 10; asked += 1) await ask();
      expect(await isOut()).toBe(true);
    }, 20_000);
    const before = sick.requests.length;
    expect(before).toBeGreaterThanOrEqual(10);
    // Whatever it answers now shows in one request.
    sick.onRequest = answer(FAILURE);
    await eventually(async () => {
      await ask();
      expect(sick.requests.length).toBeGreaterThan(before);
    }, 20_000);
    await eventually(async () => {
      await ask();
      expect(await isOut()).toBe(true);
    });
    expect(sick.requests.length).toBe(before + 1);
  },
);
