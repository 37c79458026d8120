import { createHash } from "node:crypto";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Job } from "../contender.ts";
import { WEIGHTS } from "../contender.ts";

/** A Node contender's job, which its command line holds as JSON. */
export function jobOfArguments(): Job {
  return JSON.parse(process.argv[2] ?? "") as Job;
}

/**
 * Chooses a version for a request: at random by the weights, or by its cookie where the job says
 * so.
 */
export function chooseVersion(job: Job, cookie: string | undefined): "v1" | "v2" {
  const sum = WEIGHTS.v1 + WEIGHTS.v2;
  const place = job.affinity ? placeOfKey(cookie ?? "") : Math.random();
  return place * sum < WEIGHTS.v1 ? "v1" : "v2";
}

/** Listens on a free port of 127.0.0.1 and prints it for the runner. */
export function listenAndTell(server: Server): void {
  // The default of 5 s would close connections between two rounds.
  server.keepAliveTimeout = 60_000;
  server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => tellPort(server));
}

/** Prints the port that a server listens on. */
export function tellPort(server: Pick<Server, "address">): void {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
}

function placeOfKey(key: string): number {
  return createHash("md5").update(key).digest().readUInt32BE() / 2 ** 32;
}
