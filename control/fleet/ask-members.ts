import { errorText } from "../../proxy/base/error-text.ts";
import { Turns } from "../base/turns.ts";
import type { FleetMember } from "../registry/sidecar-fleet.ts";
import { peerAddressOf } from "./peer-address.ts";
import type { PeerClient } from "./peer-client.ts";

/** How many sidecars are asked at once: each answer may be a megabyte. */
const AT_ONCE_MAX = 16;

/** A live sidecar that did not tell what was asked for, and why, in words for operators. */
export type MissingSidecar = { readonly sidecar: string; readonly reason: string };

/** A question to other sidecars. */
export type MembersQuestion<Answer> = {
  /** Path and query. */
  readonly path: string;
  /** How long everything may take. */
  readonly withinMs: number;
  /** What is wanted, for those who read why it is missing: `counts`. */
  readonly what: string;
  /** Reads what came. undefined: this is no such answer. */
  readonly read: (
    answer: unknown,
  ) => (Answer & { readonly sidecar: string | undefined }) | undefined;
};

/** What others are asked with. */
export type AskMembersDeps = {
  readonly peers: Pick<PeerClient, "get">;
  /** This machine's name, in the form in which members give theirs. */
  readonly host: string;
};

/** What they said. */
export type MembersAnswers<Answer> = {
  readonly answers: readonly Answer[];
  /** Those that did not answer, or not in time. */
  readonly missing: readonly MissingSidecar[];
};

/** Asks other sidecars, AT_ONCE_MAX at once, and says who is missing. */
export async function askMembers<Answer>(
  deps: AskMembersDeps,
  members: readonly FleetMember[],
  question: MembersQuestion<Answer>,
): Promise<MembersAnswers<Answer>> {
  const turns = new Turns(AT_ONCE_MAX);
  const ends = AbortSignal.timeout(question.withinMs);
  const asked = members.map((member) => turns.run(() => ask(deps, member, question, ends)));
  const all = await Promise.all(asked);
  return {
    answers: all.flatMap((each) => (each.kind === "told" ? [each.answer] : [])),
    missing: all.flatMap((each) => (each.kind === "missing" ? [each.missing] : [])),
  };
}

type Asked<Answer> =
  | { readonly kind: "told"; readonly answer: Answer }
  | { readonly kind: "missing"; readonly missing: MissingSidecar };

async function ask<Answer>(
  { peers, host }: AskMembersDeps,
  member: FleetMember,
  { path, withinMs, what, read }: MembersQuestion<Answer>,
  ends: AbortSignal,
): Promise<Asked<Answer>> {
  const { sidecar } = member;
  const missing = (reason: string): Asked<Answer> => {
    return { kind: "missing", missing: { sidecar, reason } };
  };
  if (ends.aborted) return missing(`not asked within ${withinMs / 1_000} s`);
  const address = peerAddressOf(member, host);
  if (address.kind === "unknown") return missing(address.reason);
  try {
    const answer = read(await peers.get(address, path, ends));
    if (answer === undefined) return missing(`its answer holds no ${what}`);
    if (answer.sidecar === sidecar) return { kind: "told", answer };
    return missing(`at its address answers ${JSON.stringify(answer.sidecar ?? "nobody")}`);
  } catch (error) {
    return missing(errorText(error));
  }
}
