import { expect, onTestFinished, test } from "vitest";
import { StoreError } from "../../../control/base/errors.ts";
import { Serial } from "../../../control/base/serial.ts";
import { AutomaticTable } from "../../../control/rollout/automatic-table.ts";
import type { AutomaticService } from "../../../control/rollout/automatic-table.ts";
import { RolloutAsking } from "../../../control/rollout/rollout-asking.ts";
import { KeptEvidence } from "../../../control/rollout/kept-evidence.ts";
import { Lookout } from "../../../control/rollout/lookout.ts";
import { RolloutStore } from "../../../control/rollout/rollout-store.ts";
import { RolloutTable } from "../../../control/rollout/rollout-table.ts";
import { MemoryDocuments } from "../../../control/store/memory-documents.ts";
import type { KeptDocument } from "../../../control/store/documents.ts";
import { ANY } from "../../support/started-services.ts";
import { RolloutBed } from "./rollout-bed.ts";
import { rolloutOf } from "./specs.ts";

const AT_HALF = { v1: 50, v2: 50 };
const BEFORE = { v1: 100, v2: 0 };
const TRIAL = { service: "web", before: BEFORE, after: AT_HALF, actor: "ann" };

/** Documents that cannot be read while `reason` says why. */
class UnreadableDocuments extends MemoryDocuments {
  reason = "";

  override all(): Promise<ReadonlyMap<string, KeptDocument>> {
    if (this.reason === "") return super.all();
    return Promise.reject(new StoreError("store_unreadable", this.reason));
  }
}

/** A table that tells when it is looked at. */
class WatchedTable extends AutomaticTable {
  onLook = (): void => undefined;

  override all(): readonly AutomaticService[] {
    this.onLook();
    return super.all();
  }
}

/** A lookout over a table, which says when it begins to lead and when it ends that. */
class LookoutBed {
  readonly documents = new UnreadableDocuments();
  readonly led: string[] = [];
  /** Called when it no longer leads. */
  onEnd = (): Promise<void> => Promise.resolve();
  readonly lookout: Lookout;
  readonly store: RolloutStore;
  readonly table: RolloutBed;
  readonly automatic: WatchedTable;

  static async over(): Promise<LookoutBed> {
    return new LookoutBed(await RolloutBed.start());
  }

  private constructor(table: RolloutBed) {
    const { services, clock, log, audit, events, decisions } = table;
    this.table = table;
    this.store = new RolloutStore(this.documents, table);
    const { store } = this;
    const observations = {
      begin: () => ({
        take: () => Promise.resolve({ kind: "missing", reason: "nobody counts" } as const),
        upTo: { untilS: 0, endpoints: [] },
        restart: () => undefined,
        end: () => undefined,
      }),
    };
    const leader = {
      lead: async (work: (held: AbortSignal) => Promise<void>, signal: AbortSignal) => {
        this.led.push("leads");
        await work(signal);
        this.led.push("ends");
        await this.onEnd();
      },
    };
    this.automatic = new WatchedTable(services, () => []);
    const { automatic } = this;
    const asking = new RolloutAsking({ hooks: {}, metrics: {} }, "/", table);
    const evidence = new KeptEvidence(undefined, table);
    const own = { store, freezes: store.freezes, automatic, asking, evidence };
    const rolled = new RolloutTable(services, clock);
    const kept = { clock, log, audit, events, decisions };
    this.lookout = new Lookout(
      { ...kept, ...own, table: rolled, observations, leader },
      new Serial(64),
    );
  }

  /** Looks until the test ends. */
  async run(): Promise<void> {
    const ended = new AbortController();
    const running = this.lookout.run(ended.signal);
    onTestFinished(async () => {
      ended.abort();
      await running;
    });
    await this.table.clock.advance(0);
  }

  /** Somebody gives other weights for a minute, as tryShift() does. */
  async try(): Promise<void> {
    await this.store.trials.begin(TRIAL, 60_000);
    await this.shift(AT_HALF);
  }

  async shift(weights: Readonly<Record<string, number>>): Promise<void> {
    await this.table.services.shift("web", weights, ANY);
  }
}

test("Lookout tries an unreadable store again, and says each reason once", async () => {
  const bed = await LookoutBed.over();
  bed.documents.reason = "The disk is away";
  await bed.run();
  await bed.lookout.tried;
  await bed.table.pass(3);
  bed.documents.reason = "The disk is broken";
  await bed.table.pass(3);
  expect(bed.table.logged).toEqual(["rollout.look-failed", "rollout.look-failed"]);
  bed.documents.reason = "";
  await bed.table.pass(1);
  await bed.store.trials.begin(TRIAL, 60_000);
  await bed.table.pass(2);
  expect(bed.led).toEqual(["leads"]);
});

test("Lookout competes for nothing before there is work, and no more after it", async () => {
  const bed = await LookoutBed.over();
  await bed.run();
  await bed.table.pass(5);
  expect(bed.led).toEqual([]);
  await bed.store.trials.begin(TRIAL, 60_000);
  await bed.table.pass(5);
  expect(bed.led).toEqual(["leads"]);
  await bed.store.trials.end("web");
  await bed.table.pass(5);
  expect(bed.led).toEqual(["leads", "ends"]);
});

test("Lookout leads again for what comes at the moment when it has ended", async () => {
  const bed = await LookoutBed.over();
  await bed.run();
  await bed.store.trials.begin(TRIAL, 60_000);
  await bed.table.pass(2);
  bed.onEnd = async () => {
    bed.onEnd = () => Promise.resolve();
    await bed.store.trials.begin(TRIAL, 60_000);
  };
  // Work ends when who tends has looked already, and begins anew before that one looks again.
  bed.automatic.onLook = () => void bed.store.trials.end("web");
  await bed.table.pass(1);
  bed.automatic.onLook = () => undefined;
  await bed.table.pass(5);
  expect(bed.led).toEqual(["leads", "ends", "leads"]);
});

test("Lookout takes back what nobody has confirmed, in time and not before", async () => {
  const bed = await LookoutBed.over();
  await bed.run();
  await bed.try();
  await bed.table.pass(59);
  expect(bed.table.weights()).toEqual(AT_HALF);
  await bed.table.pass(2);
  expect([bed.table.weights(), bed.store.trials.kept.items]).toEqual([BEFORE, []]);
  expect(bed.table.logged).toEqual(["trial.over"]);
});

test("Lookout leaves what somebody has changed since it was tried", async () => {
  const bed = await LookoutBed.over();
  await bed.run();
  await bed.try();
  await bed.shift({ v1: 70, v2: 30 });
  await bed.table.pass(61);
  expect([bed.table.weights(), bed.store.trials.kept.items]).toEqual([{ v1: 70, v2: 30 }, []]);
});

test("Lookout decides nothing while the table is about to be another process's", async () => {
  const bed = await LookoutBed.over();
  await bed.run();
  await bed.try();
  await bed.table.services.hold();
  await bed.table.pass(65);
  expect([bed.store.trials.kept.items.length, bed.table.logged]).toEqual([1, []]);
  bed.table.services.release();
  await bed.table.pass(1);
  expect(bed.table.weights()).toEqual(BEFORE);
});

test("Lookout knows more of a rollout only while it leads it", async () => {
  const bed = await LookoutBed.over();
  await bed.run();
  const rollout = rolloutOf();
  await bed.store.save(rollout);
  expect(bed.lookout.live(rollout.id)).toBeUndefined();
  await bed.table.pass(2);
  expect(bed.lookout.live(rollout.id)).toBeDefined();
  const latest = bed.store.latest("web");
  await bed.store.save({ ...rollout, phase: "aborted", settled: true }, latest);
  await bed.table.pass(2);
  expect([bed.lookout.live(rollout.id), bed.led]).toEqual([undefined, ["leads", "ends"]]);
});
