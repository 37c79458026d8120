import { isDeepStrictEqual } from "node:util";
import { NO_TLS_MATERIAL } from "../../proxy/table/tls.ts";
import type { TlsMaterial } from "../../proxy/table/tls.ts";
import { Serial } from "../base/serial.ts";

/** What one source has: files, or Consul. */
export type MaterialPart = Pick<TlsMaterial, "identities" | "trusts">;

/** Changes that may wait: one of each source, and of the ticket keys. */
const CHANGES_WAITING_MAX = 64;

/**
 * Everything that workers need for TLS, from all sources. Whoever has something new puts it here;
 * workers are told when it differs from what they have.
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
   * Replaces all that a source has. Resolves when every worker uses it. @throws WorkerError when
   * one does not, BusyError; then all go on with what they had, and it can be set again.
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
      // Those that took it, and those that start later, must not differ from the one that did not.
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
