import type { Contender } from "./contender.ts";

/** No proxy at all: what load and origin can do by themselves, and their share of the latency. */
export const direct: Contender = {
  name: "direct",
  how: "no proxy: the load goes to v1",
  abilities: new Set(["http", "affinity", "services", "tunnel"]),
  getIt: "",
  version: () => Promise.resolve("–"),
  start: (job) => {
    const [host = "", port] = (job.endpoints.v1[0] ?? "").split(":");
    return Promise.resolve({
      host,
      port: Number(port),
      pid: 0,
      [Symbol.asyncDispose]: nothingToStop,
    });
  },
};

function nothingToStop(): Promise<void> {
  return Promise.resolve();
}
