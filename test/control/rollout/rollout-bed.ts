import { onTestFinished } from "vitest";
import type { Arm } from "../../../control/analysis/second.ts";
import { StoreError } from "../../../control/base/errors.ts";
import { Audit } from "../../../control/records/audit.ts";
import { Events } from "../../../control/records/events.ts";
import type { ToldEvent } from "../../../control/records/events.ts";
import { ChainedLog } from "../../../control/rollout/decision-log.ts";
import type { DecisionLog } from "../../../control/rollout/decision-log.ts";
import type { LookEntry } from "../../../control/rollout/look-entry.ts";
import type { Leader } from "../../../control/rollout/leader.ts";
import type { LiveView } from "../../../control/rollout/led-rollout.ts";
import type { CountsTaken, Observations } from "../../../control/rollout/observations.ts";
import type { RolloutsConfig } from "../../../control/config/rollouts-schema.ts";
import { RolloutAsking } from "../../../control/rollout/rollout-asking.ts";
import { RolloutKeeper } from "../../../control/rollout/rollout-keeper.ts";
import type { Rollouts } from "../../../control/rollout/rollouts.ts";
import type { NewVersion } from "../../../control/discovery/discovery.ts";
import { MemoryDocuments } from "../../../control/store/memory-documents.ts";
import type { Ward } from "../../../control/table/ward.ts";
import { Services } from "../../../control/table/services.ts";
import type { ServiceDocument } from "../../../control/config/service-schema.ts";
import { pause } from "../../../proxy/base/clock.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { SharedStore } from "../../support/started-services.ts";
import { armOf } from "../analysis/arms.ts";

const web: ServiceDocument = {
  versions: {
    v1: { weight: 100, endpoints: ["10.0.0.5:3000"] },
    v2: { weight: 0, endpoints: ["10.0.0.6:3000"] },
  },
};

/** Documents that a test can take away. */
export class FailingDocuments extends MemoryDocuments {
  isAway = false;

  override save(name: string, text: string, mark: string | undefined): Promise<string | undefined> {
    if (this.isAway) return Promise.reject(new StoreError("store_unwritable", "The disk is full"));
    return super.save(name, text, mark);
  }
}

function ignore(): void {}

/** A table and rollouts over it, with time and counts as a test says. */
export class RolloutBed {
  readonly clock = new ManualClock();
  readonly documents = new FailingDocuments();
  readonly tableStore = new SharedStore([]);
  readonly events = new Events(this.clock);
  readonly told: ToldEvent[] = [];
  readonly logged: string[] = [];
  /** What both versions do in each second. A text: nobody can tell, and why. */
  counts: { readonly stable: Arm; readonly canary: Arm } | string = {
    stable: armOf(50),
    canary: armOf(50),
  };
  /** Versions that only the registry has. */
  registered: readonly NewVersion[] = [];
  /** Whose requests these are. */
  sidecars: Required<Pick<LiveView, "seen" | "of" | "unseen">> = { seen: 1, of: 1, unseen: [] };
  /** What was noted, as it comes out of a file. */
  readonly noted: LookEntry[] = [];
  readonly #chained = new ChainedLog(undefined, { info: ignore, warn: ignore, error: ignore });
  /** Whether the log is another sidecar's. */
  forgets = false;
  /** What is kept for whoever leads next. */
  evidence = new MemoryDocuments();
  readonly decisions: DecisionLog = {
    note: (entry) => {
      this.noted.push(JSON.parse(JSON.stringify(entry)) as LookEntry);
      this.#chained.note(entry);
    },
    pastOf: async (rollout) => (this.forgets ? [] : this.#chained.pastOf(rollout)),
  };
  /** Workers act on a table once it resolves. */
  gate: Promise<void> = Promise.resolve();
  readonly audit: Audit;
  /** Whether this sidecar leads. */
  leads = true;
  readonly leader: Leader = {
    lead: async (work, signal) => {
      while (!signal.aborted) {
        if (this.leads) await work(signal);
        await pause(this.clock, 1_000, signal);
      }
    },
  };
  readonly services: Services;
  rollouts: Rollouts;
  #ward: Ward;
  readonly #asked: RolloutsConfig;

  /** `asked`: whom rollouts may ask. Absent: nobody. */
  static async start(asked: RolloutsConfig = { hooks: {}, metrics: {} }): Promise<RolloutBed> {
    const bed = new RolloutBed(await Audit.open({ clock: new ManualClock() }), asked);
    await bed.services.start({ web, shop: web });
    await bed.rollouts.start();
    await bed.clock.advance(0);
    onTestFinished(async () => {
      await bed.rollouts.close();
      await bed.services.close();
    });
    return bed;
  }

  private constructor(audit: Audit, asked: RolloutsConfig) {
    this.audit = audit;
    this.#asked = asked;
    const { events, log, tableStore: store } = this;
    const sink = { apply: () => this.gate };
    const ward: Ward = {
      admit: (change, context) => this.#ward.admit(change, context),
      yield: (change, context) => this.#ward.yield(change, context),
    };
    this.services = new Services({ store, sink, events, audit, log, ward });
    const keeper = new RolloutKeeper(this.documents, this);
    this.#ward = keeper.ward;
    this.rollouts = this.#open(keeper);
    events.subscribe((event) => this.told.push(event));
  }

  readonly log = {
    info: (): void => undefined,
    warn: (event: string): void => void this.logged.push(event),
    error: (event: string): void => void this.logged.push(event),
  };

  /** As if the process had died and another one had come. */
  async restart(): Promise<void> {
    await this.rollouts.close();
    const keeper = new RolloutKeeper(this.documents, this);
    this.#ward = keeper.ward;
    this.rollouts = this.#open(keeper);
    await this.rollouts.start();
    await this.clock.advance(0);
  }

  /** Lets seconds pass. */
  async pass(seconds: number): Promise<void> {
    for (let passed = 0; passed < seconds; passed += 1) await this.clock.advance(1_000);
  }

  weights(service = "web"): Record<string, number> {
    const { versions } = this.services.snapshot(service);
    return Object.fromEntries(versions.map(({ name, weight }) => [name, weight]));
  }

  #open(keeper: RolloutKeeper): Rollouts {
    const { audit, events, clock, log, services } = this;
    const observations = this.#observations();
    const { leader, decisions } = this;
    const newVersions = (): readonly NewVersion[] => this.registered;
    const asking = new RolloutAsking(this.#asked, "/", this);
    const { evidence } = this;
    const guides = { observations, leader, decisions, evidence, newVersions, asking };
    const parts = { audit, events, clock, log, services, ...guides };
    return keeper.open(parts);
  }

  #observations(): Observations {
    const take = (): CountsTaken => {
      const { counts } = this;
      if (typeof counts === "string") return { kind: "missing", reason: counts };
      return { kind: "seconds", seconds: [counts], ...this.sidecars };
    };
    const { clock } = this;
    return {
      begin: () => ({
        take: () => Promise.resolve(take()),
        get upTo() {
          return { untilS: clock.wallMs() / 1_000 - 1, endpoints: ["10.0.0.6:3000"] };
        },
        restart: () => undefined,
        end: () => undefined,
      }),
    };
  }
}
