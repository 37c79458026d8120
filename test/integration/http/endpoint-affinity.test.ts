import { expect, onTestFinished, test } from "vitest";
import { RawOrigin, answer } from "../../support/origin.ts";
import { exchangeRaw } from "../../support/raw-socket.ts";
import { startSidecar } from "../../support/sidecar.ts";
import { head } from "./data-plane.ts";

const USERS = Array.from({ length: 24 }, (_, at) => `user-${at}`);

test("requests with a key stick to an endpoint, and move only when it is lost", async () => {
  const origins = await Promise.all([RawOrigin.start(), RawOrigin.start(), RawOrigin.start()]);
  onTestFinished(() => origins.forEach((origin) => origin[Symbol.dispose]()));
  origins.forEach((origin, at) => {
    origin.onRequest = answer(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${at}`);
  });
  const endpoints = origins.map(({ address }) => address);
  const sidecar = await startSidecar({
    services: {
      web: { versions: { v1: { endpoints } }, affinity: { header: "x-user" }, balance: "affinity" },
    },
  });
  onTestFinished(sidecar.stop);
  const ask = async (user: string): Promise<string> => {
    const request = head("GET / HTTP/1.1", "Host: web", `X-User: ${user}`, "Connection: close");
    const { response } = await exchangeRaw({ port: sidecar.ports[0] as number }, request);
    return response.body;
  };
  const all = (): Promise<string[]> => Promise.all(USERS.map(ask));
  const before = await all();
  expect(new Set(before)).toEqual(new Set(["0", "1", "2"]));
  for (let round = 0; round < 3; round += 1) expect(await all()).toEqual(before);
  const state = { endpointStates: { [endpoints[1] as string]: "maint" } };
  const response = await sidecar.call("PUT", "/v1/services/web", {
    versions: { v1: { endpoints, ...state } },
    affinity: { header: "x-user" },
    balance: "affinity",
  });
  expect(response.status).toBe(200);
  const after = await all();
  expect(after).not.toContain("1");
  expect(after.filter((_, at) => before[at] !== "1")).toEqual(before.filter((at) => at !== "1"));
});
