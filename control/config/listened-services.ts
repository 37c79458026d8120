import type { ListenerSnapshot } from "../../proxy/table/snapshot.ts";
import type { CrossProblem } from "./cross-problem.ts";

/** What a service speaks: HTTP, or anything over TCP. */
export type ServiceKind = "http" | "tcp";

/** The kind of a service, read or compiled. */
export function kindOf(service: { readonly tcp?: object | undefined } | undefined): ServiceKind {
  return service?.tcp === undefined ? "http" : "tcp";
}

/** A service that a listener names. */
export type ListenedService = {
  readonly service: string;
  /** The keys that lead to it, from the listener on. */
  readonly path: readonly string[];
};

/** The services that a listener names itself. */
export function listenedServices({ service, tcp }: ListenerSnapshot): readonly ListenedService[] {
  if (tcp === undefined) return service === undefined ? [] : [{ service, path: ["service"] }];
  const { sni } = tcp;
  if (sni === undefined) return service === undefined ? [] : [{ service, path: ["tcp"] }];
  return [
    ...Object.entries(sni).map(([name, to]) => ({ service: to, path: ["tcp", "sni", name] })),
    ...(service === undefined ? [] : [{ service, path: ["tcp", "default"] }]),
  ];
}

/** Whether a listener leads to a service itself, and not by Host. */
export function leadsTo(listener: ListenerSnapshot, service: string): boolean {
  return listenedServices(listener).some((each) => each.service === service);
}

/** What the services must be that a listener leads to. */
export function kindBehind({ tcp }: ListenerSnapshot): ServiceKind {
  return tcp === undefined ? "http" : "tcp";
}

/**
 * Listeners that lead to services of another kind: paths begin at the listeners. `kindBy`:
 * undefined for a service that is not there, or not known.
 */
export function wrongKinds(
  listeners: readonly ListenerSnapshot[],
  kindBy: (service: string) => ServiceKind | undefined,
): CrossProblem[] {
  return listeners.flatMap((listener, at) =>
    listenedServices(listener).flatMap(({ service, path }): CrossProblem[] => {
      const wantedKind = kindBehind(listener);
      const kind = kindBy(service);
      if (kind === undefined || kind === wantedKind) return [];
      const instead =
        wantedKind === "tcp"
          ? "service: leads to one of HTTP"
          : "tcp: leads to one of the other kind";
      const wanted = `a service of kind ${wantedKind} (${instead})`;
      return [{ path: [at, ...path], wanted, found: `${service}, which is of kind ${kind}` }];
    }),
  );
}
