import { isDeepStrictEqual } from "node:util";
import { NO_TLS_MATERIAL } from "../../proxy/table/tls.ts";
import type { TlsMaterial } from "../../proxy/table/tls.ts";
import { Serial } from "../base/serial.ts";

/** What one source, such as files or Consul, contributes. */
export type MaterialPart = Pick<TlsMaterial, "identities" | "trusts">;

/** Changes that may wait: there is one for each source, and one for the ticket keys. */
const CHANGES_WAITING_MAX = 64;

/**
 * Everything that workers need for TLS, from all sources. A source puts its news here, and workers
 * are told when it differs from what they have.
 */
export class SharedMaterial {
  readonly #tell: (material: TlsMaterial) => Promise<void>;
  readonly #serial = new Serial(CHANGES_WAITING_MAX);
  readonly #parts = new Map<string, MaterialPart>();
  #ticketKeys: readonly string[] = [];
  #told = NO_TLS_MATERIAL;

  /** `tell`: see Workers.tellTls(). */
  constructor(tell: (material: TlsMaterial) => Promise<void>) {
    this.#tell = tell;
  }

  /** What workers have. Secret. */
  get current(): TlsMaterial {
    return this.#told;
  }

  /**
   * Replaces everything of one source. Resolves when every worker uses it. @throws WorkerError if
   * one does not, BusyError; then all keep what they had, and it can be set again.
   */
  set(source: string, part: MaterialPart): Promise<void> {
    return this.#serial.run(async () => {
      const before = this.#parts.get(source);
      this.#parts.set(source, part);
      try {
        await this.#spread();
      } catch (error) {
        this.#parts.set(source, before ?? { identities: [], trusts: [] });
        throw error;
      }
    });
  }

  /** Replaces the keys of session tickets, newest first. @throws as set() */
  setTicketKeys(keys: readonly string[]): Promise<void> {
    return this.#serial.run(async () => {
      this.#ticketKeys = keys;
      await this.#spread();
    });
  }

  async #spread(): Promise<void> {
    const before = this.#told;
    const next = this.#merged();
    if (isDeepStrictEqual(before, next)) return;
    this.#told = next;
    try {
      await this.#tell(next);
    } catch (error) {
      this.#told = before;
      // Workers that took it, and later ones, must not differ from the one that did not.
      await this.#tell(before).catch(() => undefined);
      throw error;
    }
  }

  #merged(): TlsMaterial {
    const parts = [...this.#parts.values()];
    const identities = parts.flatMap((part) => part.identities);
    const trusts = parts.flatMap((part) => part.trusts);
    if (identities.length + trusts.length === 0) return NO_TLS_MATERIAL;
    return { identities, trusts, ticketKeys: this.#ticketKeys };
  }
}
