import type { Agent } from "node:http";
import type Consul from "consul";
import type { Pool } from "undici";
import type { Clock } from "../../proxy/base/clock.ts";
import { agentPlace, openAgent, openPackage, openPool } from "./agent-connections.ts";
import type { ConsulOptions, PackageSettings } from "./agent-connections.ts";
import { ConsulError, refusalError } from "./consul-error.ts";
import { closedRead, describeSilence, packageAnswer } from "./failure.ts";
import { type Patience, patiently } from "./patience.ts";
import { type ConsulAnswer, parseAnswer, readAnswer } from "./answer.ts";
import { AgentTurns, TURNS_MAX } from "./agent-turns.ts";

/**
 * How long an ordinary call may take. An agent answers in milliseconds, but while there is no
 * leader it holds a request for 7 s (rpc_hold_timeout) before it says so, and we want to hear that.
 */
const CALL_TIMEOUT_MS = 10_000;
/**
 * How long a blocking query waits, unless told otherwise. Nothing else shows that its connection
 * has died where somebody on the way swallows it (a NAT that forgets): with the margin below that
 * is found within 60 s.
 */
export const WAIT_DEFAULT_MS = 45_000;
/**
 * What an answer may take beyond its wait: Consul adds up to wait/16 (its own jitter), then
 * answers.
 */
const WAIT_MARGIN_MS = 10_000;
/** Ordinary calls of each library: with TURNS_MAX they are the connections of a sidecar. */
const CALLS_AT_ONCE_MAX = 8;

/**
 * Queries over one connection: only a new one meets an agent's limit, so that whoever came first
 * hears of it too and gives way.
 */
const QUERIES_A_CONNECTION = 8;

/** One request to the agent. */
export type ConsulRequest = {
  /** What the request does, for errors: `read service web`. */
  readonly action: string;
  readonly method?: "GET" | "PUT" | "POST" | "DELETE";
  /** Under /v1/, already encoded where needed: see consulPath. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Makes it a blocking query: answers when the index passes `index`, or after `waitMs`. */
  readonly wait?: {
    readonly index: number;
    readonly waitMs: number;
    /** Its turn comes before those of others. */
    readonly isUrgent?: boolean | undefined;
  };
  /** For a call that does not wait. undefined: CALL_TIMEOUT_MS. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal;
};

/** Joins path segments, each percent-encoded, so that a name cannot leave its place. */
export function consulPath(...segments: readonly string[]): string {
  return segments.map(encodeURIComponent).join("/");
}

/**
 * One Consul agent. Reads and blocking queries go through undici, writes of services, sessions and
 * keys through the package `consul` (call()). All errors are ConsulErrors.
 */
export class ConsulClient {
  /** Those of our blocking queries. */
  readonly turns: AgentTurns;
  readonly #patience: Patience;
  readonly #waitMs: number;
  readonly #clock: Clock;
  readonly #options: ConsulOptions;
  /** The one in use, and former ones that an answer may still name. "": none. */
  #tokens: readonly string[] = [];
  #headers: Readonly<Record<string, string>>;
  readonly #query: Readonly<Record<string, string>>;
  /** Of every path. */
  readonly #prefix: string;
  readonly #watches: Pool;
  readonly #calls: Pool;
  #package: Consul;
  #drop = new AbortController();
  readonly #agent: Agent;
  #tokenCount = 1;
  #lastLedAnswerMs = -Infinity;

  /** Opens no connection yet. */
  constructor(options: ConsulOptions, clock: Clock) {
    this.turns = new AgentTurns(clock);
    this.#patience = { clock, turns: this.turns };
    this.#waitMs = options.waitMs ?? WAIT_DEFAULT_MS;
    this.#clock = clock;
    this.#options = options;
    this.#tokens = [options.token ?? ""];
    this.#headers = headersOf(options);
    this.#query = options.datacenter === undefined ? {} : { dc: options.datacenter };
    this.#prefix = agentPlace(options.address).prefix;
    this.#watches = openPool(options, TURNS_MAX, QUERIES_A_CONNECTION);
    this.#calls = openPool(options, CALLS_AT_ONCE_MAX);
    this.#agent = openAgent(options, CALLS_AT_ONCE_MAX);
    this.#package = openPackage(options, this.#packageSettings());
  }

  /** How long a blocking query waits: as configured, or less where many take turns. */
  get waitMs(): number {
    return this.turns.waitMs(this.#waitMs);
  }

  /**
   * When a read was last answered by a server of our datacenter that knew a leader, in the clock's
   * nowMs. Answers that an agent gives on its own, such as to one of our checks, say nothing about
   * that. -Infinity: never.
   */
  get lastLedAnswerMs(): number {
    return this.#lastLedAnswerMs;
  }

  /** How many tokens there have been: whoever has left one with Consul has to leave the next. */
  get tokenCount(): number {
    return this.#tokenCount;
  }

  /** Requests that begin now send this token. false: they do already. */
  useToken(token: string): boolean {
    const [inUse, former = ""] = this.#tokens;
    if (token === inUse) return false;
    this.#tokens = [token, inUse ?? "", former];
    this.#tokenCount += 1;
    this.#headers = headersOf({ ...this.#options, token });
    this.#package = openPackage(this.#options, this.#packageSettings());
    return true;
  }

  /**
   * A blocking query waits for its turn before, and again when the agent takes no more connections.
   * @throws ConsulError; the signal's reason when it was aborted.
   */
  async request(request: ConsulRequest): Promise<ConsulAnswer> {
    const signal = this.#signalOf(request);
    try {
      return await patiently(
        this.#patience,
        async (tries) => {
          if (request.wait === undefined) return this.#ask(this.#calls, request, signal);
          // Another agent may answer by now, which does not know our index: it says what is.
          const wait = tries > 1 ? { ...request.wait, index: 0 } : request.wait;
          return this.#askInTurn({ ...request, wait }, signal);
        },
        signal,
      );
    } catch (error) {
      if (request.signal?.aborted) throw request.signal.reason;
      throw this.#typed(request.action, error);
    }
  }

  /** Reads JSON. undefined: Consul has nothing there (404). @throws ConsulError */
  async json(request: ConsulRequest): Promise<unknown> {
    const answer = await this.request(request);
    return answer.found ? parseAnswer(request.action, answer.text) : undefined;
  }

  /**
   * Runs one call of the package `consul`, e.g. `(consul) => consul.session.renew({ id, ...dc })`.
   * `dc` holds the datacenter, for calls that are not about the agent itself.
   * @throws ConsulError
   */
  async call<Result>(
    action: string,
    run: (consul: Consul, dc: { readonly dc?: string }) => Promise<Result>,
  ): Promise<Result> {
    try {
      return await patiently(this.#patience, async () => run(this.#package, this.#query));
    } catch (error) {
      throw this.#typed(action, error);
    }
  }

  /** Ends all blocking queries with this error, because they would not hear of a change. */
  dropWatches(problem: ConsulError): void {
    this.#drop.abort(problem);
    this.#drop = new AbortController();
  }

  /** Ends everything that is under way. */
  async close(): Promise<void> {
    this.#agent.destroy();
    await Promise.all([this.#watches.destroy(), this.#calls.destroy()]);
  }

  async #ask(pool: Pool, request: ConsulRequest, signal: AbortSignal): Promise<ConsulAnswer> {
    const startMs = this.#clock.nowMs();
    try {
      return await this.#send(pool, request, signal);
    } catch (error) {
      if ((request.method ?? "GET") !== "GET") throw error;
      const afterMs = this.#clock.nowMs() - startMs;
      const { action, wait } = request;
      throw closedRead(error, { action, waits: wait !== undefined, afterMs }) ?? error;
    }
  }

  async #send(pool: Pool, request: ConsulRequest, signal: AbortSignal): Promise<ConsulAnswer> {
    const { action, path } = request;
    const response = await pool.request({
      method: request.method ?? "GET",
      path: `${this.#prefix}/v1/${path}`,
      query: { ...this.#query, ...waitQuery(request.wait), ...request.query },
      headers: this.#headers,
      headersTimeout: answerTimeoutMs(request),
      bodyTimeout: CALL_TIMEOUT_MS,
      signal,
      ...(request.body !== undefined && { body: request.body }),
    });
    const clean = (text: string): string => this.#withoutToken(text);
    const answer = await readAnswer(response, { action, path, clock: this.#clock, clean });
    const isLed = response.headers["x-consul-knownleader"] === "true";
    if (isLed && this.#isHome(request)) this.#lastLedAnswerMs = this.#clock.nowMs();
    return answer;
  }

  /** Whether our own datacenter answers, which a prepared query does not promise. */
  #isHome({ path, query = {} }: ConsulRequest): boolean {
    const { dc = this.#query["dc"] } = query;
    return dc === this.#query["dc"] && !path.startsWith("query/");
  }

  async #askInTurn(request: ConsulRequest, signal: AbortSignal): Promise<ConsulAnswer> {
    await this.turns.take(signal, request.wait?.isUrgent);
    try {
      return await this.#ask(this.#watches, request, signal);
    } finally {
      this.turns.give();
    }
  }

  #packageSettings(): PackageSettings {
    return { headers: this.#headers, timeoutMs: CALL_TIMEOUT_MS, agent: this.#agent };
  }

  #signalOf(request: ConsulRequest): AbortSignal {
    const signals = request.wait === undefined ? [] : [this.#drop.signal];
    return AbortSignal.any(request.signal === undefined ? signals : [...signals, request.signal]);
  }

  #typed(action: string, error: unknown): ConsulError {
    if (error instanceof ConsulError) return error;
    const answered = packageAnswer(error);
    if (answered !== undefined) {
      return refusalError(action, answered.statusCode, this.#withoutToken(answered.text));
    }
    const { code, message } = describeSilence(error);
    return new ConsulError(code, action, this.#withoutToken(message));
  }

  #withoutToken(text: string): string {
    return this.#tokens
      .filter((token) => token !== "")
      .reduce((clean, token) => clean.replaceAll(token, "<token>"), text);
  }
}

function headersOf({ token = "", namespace, partition }: ConsulOptions): Record<string, string> {
  return {
    ...(token !== "" && { "x-consul-token": token }),
    ...(namespace !== undefined && { "x-consul-namespace": namespace }),
    ...(partition !== undefined && { "x-consul-partition": partition }),
  };
}

function waitQuery(wait: ConsulRequest["wait"]): Record<string, string> {
  return wait === undefined
    ? {}
    : { index: String(wait.index), wait: `${Math.round(wait.waitMs)}ms` };
}

/** How long a request may take until its answer begins. */
export function answerTimeoutMs({
  wait,
  timeoutMs = CALL_TIMEOUT_MS,
}: Pick<ConsulRequest, "wait" | "timeoutMs">): number {
  return wait === undefined ? timeoutMs : wait.waitMs * (1 + 1 / 16) + WAIT_MARGIN_MS;
}
