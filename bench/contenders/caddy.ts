import { findProgram, versionOf } from "../system/programs.ts";
import { INSTALL, WEIGHTS } from "./contender.ts";
import type { Contender, Job } from "./contender.ts";
import { startServer } from "./server.ts";

/**
 * Caddy's reverse_proxy. Weights came with 2.7 (weighted_round_robin) and Debian has 2.6, so here
 * each upstream is listed as often as its weight says, which is the same split.
 */
export const caddy: Contender = {
  name: "caddy",
  how: "reverse_proxy, round robin over 9 × v1 and 1 × v2, GOMAXPROCS by taskset",
  abilities: new Set(["http", "split", "tunnel"]),
  getIt: INSTALL,
  version: async () => {
    const program = findProgram("caddy");
    return program === undefined ? undefined : versionOf(program, ["version"]);
  },
  start: (job, cores) =>
    startServer(cores, async ({ folder, port }) => {
      const config = await folder.write("caddy.json", JSON.stringify(caddyConfig(job, port)));
      return { program: "caddy", arguments: ["run", "--config", config] };
    }),
};

function caddyConfig(job: Job, port: number): object {
  const turns = [...Array<string>(WEIGHTS.v1 / 10).fill("v1"), "v2"] as ("v1" | "v2")[];
  const handler = {
    handler: "reverse_proxy",
    upstreams: turns.flatMap((version) => job.endpoints[version].map((dial) => ({ dial }))),
    load_balancing: { selection_policy: { policy: "round_robin" } },
    transport: {
      protocol: "http",
      keep_alive: { max_idle_conns_per_host: 1024 },
    },
  };
  return {
    admin: { disabled: true, config: { persist: false } },
    apps: {
      http: {
        servers: {
          web: {
            listen: [`127.0.0.1:${port}`],
            automatic_https: { disable: true },
            routes: [{ handle: [handler] }],
          },
        },
      },
    },
  };
}
