import { z } from "zod";
import type {
  HeaderPermission,
  Intention,
  IntentionPermission,
} from "../../proxy/intentions/intentions.ts";
import { DEFAULT_NAMESPACE, DEFAULT_PARTITION } from "../../proxy/intentions/spiffe-id.ts";
import { isRecord } from "../base/record-of.ts";
import { parseAnswer } from "../consul/answer.ts";
import { ConsulError } from "../consul/consul-error.ts";

/** Intentions of one service: with more sources, people use a wildcard. */
const INTENTIONS_MAX = 10_000;

/** Keys that we do not know may be conditions of a later Consul, so their source is denied. */
const headerSchema = z
  .strictObject({
    Name: z.string().min(1).regex(/^[^:]/),
    Present: z.boolean().nullish(),
    Exact: z.string().nullish(),
    Prefix: z.string().nullish(),
    Suffix: z.string().nullish(),
    Contains: z.string().nullish(),
    Regex: z.string().nullish(),
    Invert: z.boolean().nullish(),
    IgnoreCase: z.boolean().nullish(),
  })
  .transform(toHeader);

const httpSchema = z.strictObject({
  PathExact: z.string().nullish(),
  PathPrefix: z.string().nullish(),
  PathRegex: z.string().nullish(),
  Header: z.array(headerSchema).nullish(),
  Methods: z.array(z.string()).nullish(),
});

const permissionSchema = z
  .strictObject({ Action: z.enum(["allow", "deny"]), HTTP: httpSchema.nullish() })
  .transform(toPermission);

const intentionSchema = z.object({
  SourcePartition: z.string().nullish(),
  SourceNS: z.string().nullish(),
  SourceName: z.string(),
  SourceType: z.string().nullish(),
  /** The source's cluster, if it is a peered one with another trust domain. */
  SourcePeer: z.string().nullish(),
  SourceSamenessGroup: z.string().nullish(),
  Action: z.string().nullish(),
  Permissions: z.array(z.unknown()).nullish(),
  JWT: z.unknown().optional(),
  DestinationName: z.string(),
  Precedence: z.number(),
});

type ReadIntention = z.output<typeof intentionSchema>;

/** What Consul says about a service's intentions. */
export type IntentionAnswer = {
  /** In order of precedence. */
  readonly list: readonly Intention[];
  /** Intentions that Sluice cannot judge, in words; their sources are denied. */
  readonly flaws: readonly string[];
  /** Whether one is about all sources, and then for this service alone or for all services. */
  readonly wildcard: "none" | "service" | "all";
};

/**
 * Reads `GET /v1/connect/intentions/match?by=destination&name=SERVICE`, as of 1.8 and of later
 * releases. @throws ConsulError consul_unreadable
 */
export function parseIntentions(action: string, text: string, service: string): IntentionAnswer {
  const parsed = z
    .record(z.string(), z.array(intentionSchema).max(INTENTIONS_MAX).nullable())
    .safeParse(parseAnswer(action, text));
  const found = parsed.data?.[service];
  if (found === undefined) {
    throw new ConsulError("consul_unreadable", action, "Consul's answer holds no intentions");
  }
  const ours = (found ?? []).filter(({ SourcePeer }) => !SourcePeer);
  const flaws: string[] = [];
  const list = ours
    .toSorted((a, b) => b.Precedence - a.Precedence)
    .map((each) => toIntention(each, (flaw) => flaws.push(`source ${each.SourceName}: ${flaw}`)));
  const forAll = ours.filter(({ SourceName }) => SourceName === "*");
  const isOfAll = forAll.some(({ DestinationName }) => DestinationName === "*");
  return { list, flaws, wildcard: forAll.length === 0 ? "none" : isOfAll ? "all" : "service" };
}

function toIntention(read: ReadIntention, tell: (flaw: string) => void): Intention {
  const source = {
    partition: read.SourcePartition || DEFAULT_PARTITION,
    namespace: read.SourceNS || DEFAULT_NAMESPACE,
    name: read.SourceName,
  };
  const denied = { source, action: "deny", permissions: [] } as const;
  const flaw = flawOf(read);
  if (flaw !== undefined) {
    tell(flaw);
    return denied;
  }
  const wanted = read.Permissions ?? [];
  if (wanted.length === 0) return { ...denied, action: read.Action === "allow" ? "allow" : "deny" };
  const permissions = z.array(permissionSchema).safeParse(wanted);
  if (permissions.success) return { source, action: "permissions", permissions: permissions.data };
  tell("a permission with a condition that this version does not know");
  return denied;
}

/** Why we cannot say what an intention allows. */
function flawOf(read: ReadIntention): string | undefined {
  const hasJwt = (read.Permissions ?? []).some((each) => isRecord(each) && each["JWT"]);
  if (read.JWT || hasJwt) return "a JWT is wanted, which Sluice does not check";
  if (read.SourceSamenessGroup) return "sameness groups are not supported";
  const type = read.SourceType || "consul";
  return type === "consul" ? undefined : `sources of type ${type} are not supported`;
}

function toPermission({
  Action: action,
  HTTP,
}: {
  Action: "allow" | "deny";
  HTTP?: z.output<typeof httpSchema> | null | undefined;
}): IntentionPermission {
  return {
    action,
    path: HTTP === undefined || HTTP === null ? undefined : toPath(HTTP),
    methods: (HTTP?.Methods ?? []).map((method) => method.toUpperCase()),
    headers: HTTP?.Header ?? [],
  };
}

function toPath(http: z.output<typeof httpSchema>): IntentionPermission["path"] {
  const { PathExact: exact, PathPrefix: prefix, PathRegex: regex } = http;
  if (exact) return { is: "exact", value: exact };
  if (prefix) return { is: "prefix", value: prefix };
  return regex ? { is: "regex", value: regex } : undefined;
}

type ReadHeader = {
  readonly Name: string;
  readonly Present?: boolean | null | undefined;
  readonly Exact?: string | null | undefined;
  readonly Prefix?: string | null | undefined;
  readonly Suffix?: string | null | undefined;
  readonly Contains?: string | null | undefined;
  readonly Regex?: string | null | undefined;
  readonly Invert?: boolean | null | undefined;
  readonly IgnoreCase?: boolean | null | undefined;
};

/** In the order in which Consul looks at them: a condition has only one of these. */
function toHeader(read: ReadHeader, context: z.RefinementCtx): HeaderPermission {
  const kinds = [
    ["exact", read.Exact],
    ["regex", read.Regex],
    ["prefix", read.Prefix],
    ["suffix", read.Suffix],
    ["contains", read.Contains],
    ["present", read.Present ? "present" : ""],
  ] as const;
  const [is, value] = kinds.find(([, each]) => each) ?? [];
  if (is === undefined || !value) {
    context.addIssue({ code: "custom", message: "a condition" });
    return z.NEVER;
  }
  return {
    name: read.Name.toLowerCase(),
    is,
    value: is === "present" ? "" : value,
    ignoreCase: read.IgnoreCase ?? false,
    invert: read.Invert ?? false,
  };
}
