import { createHmac } from "node:crypto";
import { errorText } from "../../proxy/base/error-text.ts";
import { pause } from "../../proxy/base/clock.ts";
import type { Clock } from "../../proxy/base/clock.ts";
import type { Log } from "../../proxy/base/log.ts";
import { oneToken } from "../base/one-token.ts";
import { readSmallFile } from "../base/read-small-file.ts";
import type { HookConfig } from "../config/rollouts-schema.ts";
import { askHttp } from "../base/ask-http.ts";
import type { HookAnswer, HookQuestion } from "./hooks.ts";
import type { HookPoint } from "./others-asked.ts";
import type { Rollout } from "./rollout.ts";
import { wantedShare } from "./rollout.ts";

/** The first wait before another try; each is twice as long as the one before. */
const FIRST_WAIT_MS = 1_000;

/** Of what a hook says, so many characters are shown. */
const SAID_MAX = 200;

/** A rollout's hooks may say so many things at once: as many as rollouts are led. */
const ASKED_MAX = 64;

const SECRET_RULE = { bytesMax: 4_096, others: "nothing" } as const;

/** What calling works with. */
export type HookCallsDeps = {
  readonly hooks: Readonly<Record<string, HookConfig>>;
  /** The path of a file that the configuration names. */
  readonly fileOf: (path: string) => string;
  readonly clock: Clock;
  readonly log: Log;
};

type Said = Omit<HookAnswer, "question">;

/** Calls hooks, each with a signed body, within its time and number of tries. */
export class HookCalls {
  readonly #deps: HookCallsDeps;
  readonly #ended = new AbortController();
  /** By the rollout's id: the latest question. */
  readonly #asked = new Map<string, HookAnswer>();

  constructor(deps: HookCallsDeps) {
    this.#deps = deps;
  }

  /** Which hooks there are. */
  get names(): readonly string[] {
    return Object.keys(this.#deps.hooks);
  }

  /** What the hooks of a question say; asks them if nobody has yet. */
  ask(rollout: Rollout, asked: HookQuestion): HookAnswer {
    const { id: question, names } = asked;
    const known = this.#asked.get(rollout.id);
    if (known?.question === question) return known;
    const waiting = { question, says: "waiting", text: "" } as const;
    this.#keep(rollout.id, waiting);
    void this.#askAll(bodyOf(rollout, asked), names).then((said) => {
      const isLatest = this.#asked.get(rollout.id) === waiting;
      if (isLatest) this.#keep(rollout.id, { question, ...said });
    });
    return waiting;
  }

  /** Tells the hooks of its end that a rollout has ended. What they say changes nothing. */
  tellEnd(rollout: Rollout): void {
    this.#asked.delete(rollout.id);
    const names = rollout.spec.hooks?.afterEnd ?? [];
    void this.#askAll(bodyOf(rollout, { point: "afterEnd" }), names);
  }

  close(): void {
    this.#ended.abort();
  }

  #keep(id: string, answer: HookAnswer): void {
    this.#asked.delete(id);
    this.#asked.set(id, answer);
    const [oldest] = this.#asked.keys();
    if (this.#asked.size > ASKED_MAX && oldest !== undefined) this.#asked.delete(oldest);
  }

  /** The first that does not say yes decides. */
  async #askAll(body: HookBody, names: readonly string[]): Promise<Said> {
    const { rollout, point } = body;
    for (const name of names) {
      const said = await this.#askOne(body, name);
      const fields = { rollout, hook: name, point, says: said.says };
      this.#deps.log.info("rollout.hook", fields);
      if (said.says !== "yes") return { ...said, text: `${name}: ${said.text}` };
    }
    return { says: "yes", text: names.join(", ") };
  }

  async #askOne(asked: HookBody, name: string): Promise<Said> {
    const hook = this.#deps.hooks[name];
    if (hook === undefined) return { says: "failed", text: "the file does not name it" };
    const body = JSON.stringify(asked);
    let said: Said = { says: "failed", text: "" };
    for (let tries = 0; tries <= hook.retries && !this.#ended.signal.aborted; tries += 1) {
      if (tries > 0)
        await pause(this.#deps.clock, FIRST_WAIT_MS * 2 ** (tries - 1), this.#ended.signal);
      said = await this.#call(hook, body);
      if (said.says !== "failed") break;
    }
    return said;
  }

  async #call(hook: HookConfig, body: string): Promise<Said> {
    try {
      const headers = await this.#headers(hook, body);
      const ask = { url: hook.url, body, headers, timeoutMs: hook.timeout };
      const { status, text } = await askHttp(ask, this.#ended.signal);
      return { says: saysBy(status), text: `answered ${status} ${printable(text)}`.trim() };
    } catch (error) {
      return { says: "failed", text: errorText(error) };
    }
  }

  async #headers({ secretFile }: HookConfig, body: string): Promise<Record<string, string>> {
    const { fileOf, clock } = this.#deps;
    const secret = oneToken(await readSmallFile(fileOf(secretFile), SECRET_RULE), secretFile);
    const time = String(Math.floor(clock.wallMs() / 1_000));
    const signature = createHmac("sha256", secret).update(`${time}.${body}`).digest("hex");
    return {
      "content-type": "application/json",
      "user-agent": "sluice-rollout",
      "x-sluice-time": time,
      "x-sluice-signature": `sha256=${signature}`,
    };
  }
}

/** Answers that say nothing of the rollout: 408, 425, 429 and all that are no 2xx or 4xx. */
function saysBy(status: number): Said["says"] {
  if (status >= 200 && status < 300) return "yes";
  const isOfHook = status >= 400 && status < 500 && ![408, 425, 429].includes(status);
  return isOfHook ? "no" : "failed";
}

/** What a hook is sent, as far as it is looked at here. */
type HookBody = { readonly rollout: string; readonly point: HookPoint };

function bodyOf(
  rollout: Rollout,
  { point, nextShare }: { readonly point: HookPoint; readonly nextShare?: number },
): HookBody {
  const { id, spec, phase, why, actor, reason } = rollout;
  const { service, from, to } = spec;
  const versions = { service, from, to };
  const share = wantedShare(rollout);
  const stands = { phase, share, nextShare, ...why };
  return Object.assign({ rollout: id, point }, versions, stands, { actor, reason });
}

/** One line, without what would change a terminal. */
function printable(text: string): string {
  return text.slice(0, SAID_MAX).replaceAll(/[^\x20-\x7E]+/g, " ");
}
