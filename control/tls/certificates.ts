import { dirname } from "node:path";
import type { SecureContext } from "node:tls";
import { pause } from "../../proxy/base/clock.ts";
import { errorText } from "../../proxy/base/error-text.ts";
import type { ListenerSnapshot } from "../../proxy/table/snapshot.ts";
import type { TlsMaterial, UpstreamTls } from "../../proxy/table/tls.ts";
import { TlsContexts } from "../../proxy/transport/tls-contexts.ts";
import { Serial } from "../base/serial.ts";
import type { Config } from "../config/config-schema.ts";
import type { Service } from "../config/service.ts";
import type { ListenerFiles, TlsFiles } from "../config/tls-files.ts";
import type { CertificateFacts } from "./certificate-facts.ts";
import { reloadOf } from "./certificate-reload.ts";
import type { CertificateReload } from "./certificate-reload.ts";
import { CertificateReports } from "./certificate-reports.ts";
import type { CertificateReportsDeps } from "./certificate-reports.ts";
import { FactsCache, certificateStatus, usesOf } from "./certificate-status.ts";
import type { CertificateStatus } from "./certificate-status.ts";
import { checkListenerFiles, checkServiceFiles } from "./check-certificate-files.ts";
import { FileCertificates } from "./file-certificates.ts";
import type { FileNews } from "./file-certificates.ts";
import { SharedMaterial } from "./shared-material.ts";
import { TicketRotation } from "./ticket-rotation.ts";
import type { TicketState } from "./ticket-rotation.ts";

/**
 * How often files are checked for changes. Systems notify of changes too, but not behind symbolic
 * links, which is how Kubernetes replaces secrets.
 */
export const LOOK_EVERY_MS = 2_000;

/** Extra pause for each file: a thousand of them are checked every few seconds. */
const PER_FILE_MS = 4;

/** Checks and reloads that may wait: all but one of them would find the same. */
const LOOKS_WAITING_MAX = 16;

/** What certificates work with. */
export type CertificatesDeps = CertificateReportsDeps & {
  /** The configuration file: relative paths begin in its folder. */
  readonly file: string;
  /** See Workers.tellTls(). */
  readonly tell: (material: TlsMaterial) => Promise<void>;
  /** The ticket keys of the primary whose place we take. undefined: there is none. */
  readonly tickets?: TicketState | undefined;
};

type ListenersConfig = Pick<Config, "listeners" | "listenerFiles">;

/**
 * Certificates, keys and roots: read from files, checked for changes and told to the workers. Other
 * sources put theirs into `shared`; reports about expiry cover all of them.
 */
export class Certificates {
  readonly shared: SharedMaterial;
  readonly #deps: CertificatesDeps;
  readonly #files: FileCertificates;
  readonly #reports: CertificateReports;
  readonly #tickets: TicketRotation;
  readonly #facts = new FactsCache();
  readonly #serial = new Serial(LOOKS_WAITING_MAX);
  readonly #closing = new AbortController();
  #watching: Promise<void> = Promise.resolve();
  #listeners: readonly ListenerSnapshot[] = [];
  #listenerFiles: readonly ListenerFiles[] = [];
  #services: ReadonlyMap<string, Service> = new Map();
  /** Made from what workers have, when first asked for. */
  #contexts: { readonly material: TlsMaterial; readonly contexts: TlsContexts } | undefined;
  /** Why workers do not have the latest. undefined: they do. */
  #untold: string | undefined;

  constructor(deps: CertificatesDeps) {
    this.#deps = deps;
    this.#files = new FileCertificates(dirname(deps.file));
    this.#reports = new CertificateReports(deps);
    this.#tickets = new TicketRotation(deps.clock.wallMs(), deps.tickets);
    this.shared = new SharedMaterial(deps.tell);
  }

  /** The ticket keys, for a primary that takes this one's place. Secret. */
  get tickets(): TicketState {
    return this.#tickets.state;
  }

  /** Reads what the listeners need, and checks all files from now on. @throws ConfigError */
  async start(config: ListenersConfig): Promise<void> {
    await this.checkListeners(config.listenerFiles);
    await this.shared.setTicketKeys(this.#tickets.state.keys);
    await this.addListeners(config.listenerFiles);
    await this.useListeners(config);
    this.#watching = this.#watch();
  }

  /**
   * Checks that the files of listeners can be used. Those in use already can, whatever they hold by
   * now. @throws ConfigError
   */
  checkListeners(files: readonly ListenerFiles[]): Promise<void> {
    const unknown = files.filter((each) => !this.#files.has(each));
    return checkListenerFiles(this.#deps.file, unknown);
  }

  /** Gives the workers what new listeners will need. Never rejects. */
  async addListeners(files: readonly ListenerFiles[]): Promise<void> {
    this.#files.want([...files, ...this.#wanted()], "keep");
    await this.#look();
  }

  /** Forgets what only former listeners needed: these are all now. Never rejects. */
  async useListeners({ listeners, listenerFiles }: ListenersConfig): Promise<void> {
    this.#listeners = listeners;
    this.#listenerFiles = listenerFiles;
    await this.#forget();
  }

  /** As checkListeners(), for a service. @throws ValidationError */
  async check(name: string, { upstreamTls }: Service): Promise<void> {
    if (upstreamTls === undefined || this.#files.has(upstreamTls.files)) return;
    await checkServiceFiles(dirname(this.#deps.file), name, upstreamTls);
  }

  /** Gives the workers what new services will need. Never rejects. */
  async add(services: ReadonlyMap<string, Service>): Promise<void> {
    const files = filesOf(services);
    if (files.every((each) => this.#files.has(each))) return;
    this.#files.want([...this.#listenerFiles, ...files, ...this.#wanted()], "keep");
    await this.#look();
  }

  /** Forgets what only former services needed: these are all now. Never rejects. */
  async useServices(services: ReadonlyMap<string, Service>): Promise<void> {
    this.#services = services;
    await this.#forget();
  }

  /** Checks all files for changes now. @throws BusyError */
  async reload(): Promise<CertificateReload> {
    const news = await this.#serial.run(() => this.#lookOnce());
    return reloadOf(news);
  }

  /** Everything that is in use or should be, by id. */
  status(): readonly CertificateStatus[] {
    const held = new Map(this.#files.all.map((each) => [each.source.id, each]));
    const facts = this.#factsInUse();
    const { identities } = this.shared.current;
    const usedBy = usesOf(this.#listeners, this.#services);
    const names = new Map(identities.map((each) => [each.id, each.names]));
    const nowMs = this.#deps.clock.wallMs();
    return [...new Set([...held.keys(), ...facts.keys(), ...usedBy.keys()])]
      .toSorted()
      .map((id) => {
        const about = { id, facts: facts.get(id), names: names.get(id), usedBy: usedBy.get(id) };
        const isLasting = this.#reports.isLasting(id);
        return certificateStatus({ ...about, held: held.get(id), isLasting }, nowMs);
      });
  }

  /** The context for health checks of a service. undefined: something it needs is missing. */
  contextFor(tls: UpstreamTls): SecureContext | undefined {
    const { current } = this.shared;
    if (current !== this.#contexts?.material) {
      const contexts = new TlsContexts();
      contexts.replace(current);
      this.#contexts = { material: current, contexts };
    }
    return this.#contexts.contexts.forUpstream(tls)?.context;
  }

  /** Stops checking files. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const pauseMs = Math.max(LOOK_EVERY_MS, this.#files.all.length * PER_FILE_MS);
      await pause(this.#deps.clock, pauseMs, signal);
      if (!signal.aborted) await this.#look();
    }
  }

  async #look(): Promise<void> {
    await this.#serial.runAlways(() => this.#lookOnce());
  }

  /** Never rejects: workers that do not take the material are told again at the next check. */
  async #lookOnce(): Promise<readonly FileNews[]> {
    const { clock } = this.#deps;
    const wallMs = clock.wallMs();
    const news = await this.#files.refresh(wallMs);
    this.#reports.note(news);
    await this.#share();
    if (this.#tickets.rotate(wallMs)) {
      await this.#told(this.shared.setTicketKeys(this.#tickets.state.keys));
    }
    this.#reports.noteExpiry(this.#factsInUse());
    return news;
  }

  async #forget(): Promise<void> {
    this.#files.want(this.#wanted(), "forget");
    await this.#share();
  }

  #wanted(): readonly TlsFiles[] {
    return [...this.#listenerFiles, ...filesOf(this.#services)];
  }

  #share(): Promise<void> {
    return this.#told(this.shared.set("files", this.#files.part));
  }

  async #told(telling: Promise<void>): Promise<void> {
    try {
      await telling;
      this.#untold = undefined;
    } catch (error) {
      const reason = errorText(error);
      if (reason !== this.#untold) this.#deps.log.error("certificates.not-told", { reason });
      this.#untold = reason;
    }
  }

  #factsInUse(): ReadonlyMap<string, CertificateFacts> {
    const { identities, trusts } = this.shared.current;
    return new Map([...identities, ...trusts].map((each) => [each.id, this.#facts.of(each)]));
  }
}

function filesOf(services: ReadonlyMap<string, Service>): readonly TlsFiles[] {
  return [...services.values()].flatMap(({ upstreamTls }) => upstreamTls?.files ?? []);
}
