import { z } from "zod";
import { parseAnswer } from "../consul/answer.ts";
import { ConsulError } from "../consul/consul-error.ts";
import { type Instance, readInstances } from "./health.ts";

/** What Consul answers about instances. */
export type FoundInstances = {
  readonly instances: readonly Instance[];
  /**
   * Where they are because a prepared query found none in its own datacenter: `datacenter dc2` or
   * `peer east`. undefined: nothing has failed over.
   */
  readonly failover: string | undefined;
};

const answerSchema = z.object({
  Nodes: z.array(z.unknown()).nullish(),
  Datacenter: z.string().nullish(),
  /** From 1.13 on: a cluster peer that the query has failed over to. */
  PeerName: z.string().nullish(),
  /** How many places were asked besides the query's own. */
  Failovers: z.number().nullish(),
});

/** Reads `GET /v1/query/NAME/execute`, which has no critical instances. @throws ConsulError */
export function parseQueryAnswer(action: string, text: string): FoundInstances {
  const answer = answerSchema.safeParse(parseAnswer(action, text));
  if (!answer.success) {
    throw new ConsulError("consul_unreadable", action, "Consul's answer is none of a query");
  }
  const { Nodes, Datacenter, PeerName, Failovers } = answer.data;
  const instances = readInstances(action, Nodes ?? []);
  const hasMoved = instances.length > 0 && (Failovers ?? 0) > 0;
  const to = PeerName ? `peer ${PeerName}` : `datacenter ${Datacenter ?? "unknown"}`;
  return { instances, failover: hasMoved ? to : undefined };
}
