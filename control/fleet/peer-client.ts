import { Agent } from "undici";
import type { Clock } from "../../proxy/base/clock.ts";
import { errorText } from "../../proxy/base/error-text.ts";
import { FLEET_HEADER } from "./counts-document.ts";
import type { PeerAddress } from "./peer-address.ts";
import { PeerCredentials } from "./peer-credentials.ts";
import type { PeerFiles, PeerSecrets } from "./peer-credentials.ts";

/** How long one sidecar may take to answer: its own workers have 2 s. */
const ASK_WITHIN_MS = 3_000;

/** How long a connect may take: sidecars are a few hops away. */
const CONNECT_WITHIN_MS = 1_000;

/** Largest answer that is read: the counts of some hundred versions. */
const ANSWER_BYTES_MAX = 1024 * 1024;

/** How long an idle connection is kept: whoever follows a rollout asks every second or so. */
const IDLE_MS = 10_000;

/** How many characters of a refusal are told. */
const REASON_LENGTH_MAX = 200;

/** What a client of other sidecars works with. */
export type PeerClientOptions = {
  /** This sidecar's name, which tells others who asks. */
  readonly sidecar: string;
  readonly files: PeerFiles;
  readonly clock: Clock;
};

type Known = Extract<PeerAddress, { readonly kind: "known" }>;

/**
 * Asks the APIs of other sidecars. TLS needs roots that we chose ourselves: addresses come from a
 * list that others can write, and whoever answers there gets to see our token.
 */
export class PeerClient {
  readonly #name: string;
  readonly #credentials: PeerCredentials;
  #secrets: PeerSecrets | undefined;
  #agent: Agent | undefined;

  constructor({ sidecar, files, clock }: PeerClientOptions) {
    this.#name = encodeURIComponent(sidecar);
    this.#credentials = new PeerCredentials(files, clock);
  }

  /** The parsed answer to a GET. @throws Error that tells operators why there is none */
  async get({ origin, isSecure }: Known, path: string, ends: AbortSignal): Promise<unknown> {
    const secrets = await this.#credentials.now();
    if (isSecure && secrets.ca === undefined) {
      throw new Error("wanted consul.fleet.tls.ca here, to know its certificate by, found none");
    }
    const within = AbortSignal.timeout(ASK_WITHIN_MS);
    const signal = AbortSignal.any([ends, within]);
    const { token } = secrets;
    const headers = {
      accept: "application/json",
      [FLEET_HEADER]: this.#name,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
    try {
      const question = { origin, path, method: "GET", headers, signal } as const;
      const { statusCode, body } = await this.#agentFor(secrets).request(question);
      const text = await body.text();
      if (statusCode !== 200) throw new Error(refusalText(statusCode, text));
      return JSON.parse(text);
    } catch (error) {
      if (signal.aborted) throw new Error("it did not answer in time", { cause: error });
      throw new Error(errorText(error), { cause: error });
    }
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await this.#agent?.destroy();
  }

  /** Ends connections that were made with other credentials. */
  #agentFor(secrets: PeerSecrets): Agent {
    if (this.#agent !== undefined && this.#secrets === secrets) return this.#agent;
    void this.#agent?.close().catch(() => undefined);
    const { ca, cert, key } = secrets;
    this.#secrets = secrets;
    this.#agent = new Agent({
      connections: 1,
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: IDLE_MS,
      maxResponseSize: ANSWER_BYTES_MAX,
      // Even if NODE_TLS_REJECT_UNAUTHORIZED says that anybody will do.
      connect: { timeout: CONNECT_WITHIN_MS, ca, cert, key, rejectUnauthorized: true },
    });
    return this.#agent;
  }
}

/** The reason that a sidecar's API gave, if it was one that answered. */
function refusalText(status: number, text: string): string {
  const words = wordsIn(text)?.slice(0, REASON_LENGTH_MAX);
  return words === undefined ? `it answered ${status}` : `it answered ${status} (${words})`;
}

function wordsIn(text: string): string | undefined {
  try {
    const { detail } = Object(JSON.parse(text)) as { readonly detail?: unknown };
    return typeof detail === "string" ? detail : undefined;
  } catch {
    return undefined;
  }
}
