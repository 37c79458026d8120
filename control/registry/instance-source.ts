import type { ConsulSelector } from "../config/service.ts";
import { consulPath } from "../consul/client.ts";
import { parseHealthAnswer } from "./health.ts";
import { type FoundInstances, parseQueryAnswer } from "./query-answer.ts";

/** How Consul is asked for the instances that a selector chooses from. */
export type InstanceSource = {
  /** The same for selectors that get the same answer. */
  readonly key: string;
  /** What is asked for, for errors: `read service web in dc2`. */
  readonly action: string;
  /** The same, for the fields of a log line. */
  readonly about: Readonly<Record<string, string>>;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** How often Consul has to be asked. undefined: it tells of changes. */
  readonly everyMs: number | undefined;
  /** Reads an answer. @throws ConsulError */
  readonly read: (text: string) => FoundInstances;
};

/** Where the instances of a selector are found. `version` and `tag` choose among them later. */
export function instanceSource(selector: ConsulSelector): InstanceSource {
  const { datacenter, connect } = selector;
  const kind = connect ? "mesh" : "";
  const where = datacenter === undefined ? {} : { datacenter };
  const dc = datacenter === undefined ? {} : { dc: datacenter };
  const inDatacenter = datacenter === undefined ? "" : ` in ${datacenter}`;
  if (selector.query !== undefined) {
    const { query: name, pollMs } = selector;
    const action = `execute query ${name}${inDatacenter}`;
    return {
      key: JSON.stringify(["query", name, datacenter ?? "", pollMs, kind]),
      action,
      about: { query: name, ...where },
      path: `query/${consulPath(name)}/execute`,
      query: { ...dc, ...(connect && { connect: "true" }) },
      everyMs: pollMs,
      read: (text) => parseQueryAnswer(action, text),
    };
  }
  const { service, filter } = selector;
  const proxies = connect ? "proxies of " : "";
  const action = `read ${proxies}service ${service}${inDatacenter}`;
  return {
    key: JSON.stringify(["service", service, datacenter ?? "", filter ?? "", kind]),
    action,
    about: { service, ...where },
    path: `health/${connect ? "connect" : "service"}/${consulPath(service)}`,
    query: { ...dc, ...(filter !== undefined && { filter }) },
    everyMs: undefined,
    read: (text) => ({ instances: parseHealthAnswer(action, text), failover: undefined }),
  };
}

/** Whether two selectors mean the same instances, found in the same way. */
export function areSame(left: ConsulSelector, right: ConsulSelector): boolean {
  return (
    left.version === right.version &&
    left.tag === right.tag &&
    instanceSource(left).key === instanceSource(right).key
  );
}
