import type { VersionName, WorkerEvent } from "../../proxy/messages/messages.ts";
import type { Problem } from "../base/errors.ts";

/** The service and version that an event is about. */
type AboutVersion = { readonly services: readonly [string]; readonly version: string };

/** How much a migration still has and has ended: see MigrationView. */
type MigrationCounts = {
  readonly left: { readonly tunnel: number; readonly exchange: number };
  readonly closed: number;
};

/** How many endpoints of a version have nothing against them, of how many. */
type UsableCount = { readonly usable: number; readonly endpoints: number };

/** The code that a filter runs. */
type CodeName = { readonly module: string; readonly hash: string | undefined };

/**
 * Something that happened, for people and scripts that watch. Never holds a secret; all of it is
 * JSON. `services`: those that it concerns; a kind without it concerns the sidecar as a whole.
 * docs/events.md says when each is told; publicForm() makes of it what is told there.
 */
export type SluiceEvent =
  | {
      readonly kind: "revision";
      readonly services: readonly string[];
      readonly revision: number;
      /** As in AuditFact. `follow`: another sidecar wrote it and knows who and why. */
      readonly action: string;
      readonly actor?: string;
      readonly reason?: string | undefined;
      /** Whether every worker acts on it. Absent: nobody has waited for that. */
      readonly inForce?: boolean;
    }
  | {
      readonly kind: "shift";
      readonly services: readonly [string];
      readonly revision: number;
      /** Weights by version. */
      readonly before: Readonly<Record<string, number>>;
      readonly after: Readonly<Record<string, number>>;
    }
  | {
      readonly kind: "rollout";
      readonly services: readonly [string];
      /** Its id. */
      readonly rollout: string;
      readonly phase: string;
      /** The new version's part of what both versions get, 0 … 1. */
      readonly share: number;
      /** Why: see docs/rollouts.md. */
      readonly rule: string;
      readonly text: string;
    }
  | {
      readonly kind: "freeze";
      /** Empty: all services. */
      readonly services: readonly string[];
      /** ISO 8601, UTC. undefined: it has been ended. */
      readonly until: string | undefined;
      readonly actor: string;
      readonly reason: string | undefined;
    }
  | {
      readonly kind: "service-refused";
      readonly services: readonly [string];
      readonly problems: readonly Problem[];
    }
  | (AboutVersion & {
      readonly kind: "health";
      readonly endpoint: string;
      readonly healthy: boolean;
      readonly reason: string;
    })
  | (AboutVersion & {
      readonly kind: "endpoints";
      /** Addresses; of thousands only some. */
      readonly added: readonly string[];
      readonly removed: readonly string[];
      /** Why instances cannot be used, with their ids. */
      readonly refused: readonly string[];
      /** How many are healthy now, according to the registry. */
      readonly healthy: number;
    })
  | (AboutVersion & {
      readonly kind: "ejection";
      readonly endpoint: string;
      readonly forMs: number;
      readonly failures: number;
    })
  | (AboutVersion & { readonly kind: "readmission"; readonly endpoint: string })
  | (AboutVersion & UsableCount & { readonly kind: "panic" })
  | (AboutVersion & UsableCount & { readonly kind: "panic-ended" })
  | (AboutVersion &
      MigrationCounts & {
        readonly kind: "drain";
        readonly scope: "version";
        /** `running`, `stopped`, or why it has ended. */
        readonly state: string;
        readonly reason?: string;
        readonly timeLeftMs?: number;
      })
  | {
      readonly kind: "drain";
      readonly scope: "sidecar";
      readonly connectionsPerSecond: number;
      readonly softMs: number;
      readonly hardMs: number;
    }
  | (AboutVersion & { readonly kind: "migration-stopped"; readonly reason: string })
  | (AboutVersion & { readonly kind: "migration-resumed" })
  | (AboutVersion & { readonly kind: "migration-ended" })
  | {
      readonly kind: "filter";
      readonly services: readonly [string];
      readonly filter: string;
      /** undefined: there was none, or there is none any more. */
      readonly before: CodeName | undefined;
      readonly after: CodeName | undefined;
    }
  | {
      readonly kind: "filter-refused";
      readonly services: readonly [string];
      readonly filter: string;
      readonly reason: string;
    }
  | {
      readonly kind: "name";
      /** Those with an endpoint of this name. */
      readonly services: readonly string[];
      /** A host name. */
      readonly name: string;
      /** stale: DNS does not answer now, and the addresses are its last. */
      readonly state: "resolved" | "stale" | "unresolved";
      readonly addresses: readonly string[];
      /** Of stale and unresolved. */
      readonly reason: string | undefined;
    }
  | {
      readonly kind: "swap";
      /** Process ids. */
      readonly started: readonly number[];
      readonly retired: readonly number[];
    }
  | {
      readonly kind: "reload";
      readonly services: readonly string[];
      readonly report: {
        readonly services: {
          readonly replaced: readonly string[];
          readonly removed: readonly string[];
          readonly absent: readonly string[];
          readonly differing: readonly string[];
        };
        readonly listeners: {
          readonly opened: readonly string[];
          readonly closed: readonly string[];
        };
        readonly needsRestart: readonly string[];
        readonly warnings: readonly { readonly code: string; readonly text: string }[];
      };
    }
  | ({
      readonly kind: "certificate";
      /** Its id: see TlsIdentity. */
      readonly certificate: string;
    } & (
      | {
          /** early: not valid yet. expires: less than a third of its life is left. */
          readonly state: "replaced" | "early" | "expires" | "expired";
          /** ISO 8601, UTC. */
          readonly notAfter: string;
        }
      | { readonly state: "refused"; readonly reason: string }
    ))
  | {
      readonly kind: "store";
      /** Why the table in force may differ from the store's. undefined: it does not any more. */
      readonly problem: string | undefined;
    }
  | {
      readonly kind: "splitter-failed";
      readonly services: readonly [string];
      readonly message: string;
    }
  | {
      readonly kind: "audit-failed";
      readonly services: readonly [string];
      readonly revision: number;
    }
  | {
      readonly kind: "audit-mismatch";
      /** How the log differs from what was noted of it. undefined: somebody knows why. */
      readonly problem: string | undefined;
    };

/** A version, as events name it. */
export function aboutVersion({ service, version }: VersionName): AboutVersion {
  return { services: [service], version };
}

/** The event that a worker's report is. */
export function eventOfWorker(report: WorkerEvent): SluiceEvent {
  const { service, ...fields } = report;
  return { ...fields, services: [service] };
}

/**
 * The fields of an event as clients see them: `services`, and where that is one only, `service`
 * with it, which scripts and people would rather read. Of a reload they see the report itself.
 */
export function publicForm(event: SluiceEvent): Readonly<Record<string, unknown>> {
  if (event.kind === "reload") return { kind: event.kind, ...event.report };
  if (!("services" in event)) return event;
  const [service, ...others] = event.services;
  return service === undefined || others.length > 0 ? event : { ...event, service };
}
