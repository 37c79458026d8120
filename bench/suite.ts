import { checkJob } from "./check-job.ts";
import type { Contender, Job } from "./contenders/contender.ts";
import { loadSpread } from "./figures.ts";
import { describeJob, jobFor, speechOf } from "./job-of.ts";
import { autocannon } from "./load/autocannon.ts";
import { h2load } from "./load/h2load.ts";
import { handshakes, resumptions } from "./load/handshakes.ts";
import type { LoadTool } from "./load/load.ts";
import { websockets } from "./load/websockets.ts";
import { hasWrk, wrk } from "./load/wrk.ts";
import { measureShifts } from "./measure-shifts.ts";
import { measureHeld, measureLatency, measureLoad, measureMemory } from "./measure.ts";
import type { Entry } from "./measure.ts";
import { makeCertificateFiles } from "./origin/certificate-files.ts";
import type { CertificateFiles, Speech } from "./origin/certificate-files.ts";
import { startEchoOrigin, startGrpcOrigin, startOrigin } from "./origin/origin.ts";
import type { Origin } from "./origin/origin.ts";
import type { LatencySample, LoadSample, MemorySample, Missing, ShiftSample } from "./results.ts";
import { MAIN_SCENARIO, SCENARIOS } from "./scenarios.ts";
import type { JobKind, Scenario } from "./scenarios.ts";
import type { Cores } from "./system/cores.ts";
import { errorText } from "../proxy/base/error-text.ts";

/** Before its first round a contender gets this much load: engines compile what runs often. */
const WARM_UP_SECONDS = 1;
/**
 * The rate at which our open-loop generator, on one processor beside the origin, stays on schedule.
 */
const OPEN_LOOP_RATE_MAX = 8_000;

/** Connections other than those in clear that are held: jobs, who can, and the figure's name. */
const HELD = [
  ["tls-in", "tls", "perTlsConnectionBytes"],
  ["h2c-in", "h2", "perH2cConnectionBytes"],
  ["h2-in", "h2", "perH2ConnectionBytes"],
] as const;

/** Who takes part in a measurement, by name. */
export type Field = {
  /** Empty: it is not made. */
  readonly with: ReadonlySet<string>;
  /** Those of them whom the budget compares: they get `repeats` times the rounds. */
  readonly compared: ReadonlySet<string>;
};

/** What a run measures. */
export type Plan = {
  /** Those that are installed. */
  readonly contenders: readonly Contender[];
  /** Closed loops. */
  readonly scenarios: readonly (Field & { readonly scenario: Scenario })[];
  readonly latency: Field;
  /** Names of the contenders of the other measurements. Empty: not measured. */
  readonly memory: ReadonlySet<string>;
  readonly shift: ReadonlySet<string>;
  readonly rounds: number;
  readonly repeats: number;
  /** Rounds of the measurements that need freshly started processes. */
  readonly freshRounds: number;
  readonly seconds: number;
  readonly idleConnections: number;
  readonly cores: Cores;
  readonly progress: (line: string) => void;
};

/** What a run of the suite found. */
export type Found = {
  readonly origin: string;
  readonly loads: LoadSample[];
  readonly latencies: LatencySample[];
  readonly memory: MemorySample[];
  readonly shifts: ShiftSample[];
  readonly missing: Missing[];
};

/**
 * Runs a plan: in each round every contender has its turn, so that a disturbance hits all of them.
 */
export class Suite {
  readonly #plan: Plan;
  readonly #found: Found = {
    origin: "",
    loads: [],
    latencies: [],
    memory: [],
    shifts: [],
    missing: [],
  };

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  async run(): Promise<Found> {
    const kinds = new Set(this.#plan.scenarios.map(({ scenario }) => scenario.job));
    let origin = "";
    await using files = await makeCertificateFiles();
    for (const kind of kinds) {
      const speech = speechOf(kind, files);
      await using servers = await this.#startOrigin(kind, speech);
      if (servers.kind === "nginx" || servers.kind === "node:http") origin = servers.kind;
      await this.#runJob(kind, jobFor(kind, servers, speech));
    }
    if (this.#plan.memory.size > 0) await this.#runFresh(files);
    return { ...this.#found, origin };
  }

  #startOrigin(kind: JobKind, speech: Speech): Promise<Origin> {
    const { cores } = this.#plan;
    if (kind === "tunnel") return startEchoOrigin(cores);
    if (kind === "grpc") return startGrpcOrigin(cores);
    return startOrigin(cores, 1, speech);
  }

  /** All scenarios that need the same configuration, with the same processes. */
  async #runJob(kind: JobKind, job: Job): Promise<void> {
    const scenarios = this.#plan.scenarios.filter(({ scenario }) => scenario.job === kind);
    const wanted = this.#plan.contenders.filter((contender) =>
      scenarios.some((each) => takesPart(contender, each)),
    );
    await using stack = new AsyncDisposableStack();
    const started = wanted.map((contender) => this.#start(contender, job));
    const entries = (await Promise.all(started)).filter((entry) => entry !== undefined);
    for (const { running } of entries) stack.use(running);
    for (const each of scenarios) {
      const own = entries.filter(({ contender }) => takesPart(contender, each));
      await this.#runScenario(each, own);
      if (each.scenario.name === MAIN_SCENARIO) await this.#runLatency(each.scenario, own);
    }
  }

  /**
   * Starts one and makes sure that it does the job. undefined: it does not; the report says why.
   */
  async #start(contender: Contender, job: Job): Promise<Entry | undefined> {
    try {
      const own = contender.ownJob?.(job) ?? job;
      const running = await contender.start(own, this.#plan.cores);
      try {
        await checkJob(contender, running, own);
        return { contender, running, job: own };
      } catch (error) {
        await running[Symbol.asyncDispose]();
        throw error;
      }
    } catch (error) {
      const why = `${describeJob(job)}: ${errorText(error)}`;
      this.#plan.progress(`${contender.name} takes no part: ${why}`);
      const isKnown = this.#found.missing.some((each) => each.why === why);
      if (!isKnown) this.#found.missing.push({ contender: contender.name, why });
      return undefined;
    }
  }

  async #runScenario(each: Plan["scenarios"][number], entries: readonly Entry[]): Promise<void> {
    const { cores, progress } = this.#plan;
    const { scenario } = each;
    const tool = toolFor(scenario);
    const { connections, streams, newConnections } = scenario;
    const effort = { connections, streams, newConnections, seconds: this.#plan.seconds };
    for (const entry of entries) {
      const warmUp = { ...effort, seconds: WARM_UP_SECONDS, round: 0 };
      await measureLoad(tool, entry, scenario, warmUp, cores);
    }
    for (const { entry, round } of this.#turns(each, entries)) {
      const sample = await measureLoad(tool, entry, scenario, { ...effort, round }, cores);
      this.#found.loads.push(sample);
      progress(describeLoad(sample));
    }
  }

  /** Who is measured when: everybody once a round, and in the last rounds only those compared. */
  *#turns(
    { compared }: Field,
    entries: readonly Entry[],
  ): Generator<{ readonly entry: Entry; readonly round: number }> {
    const { rounds, repeats } = this.#plan;
    const closer = entries.filter(({ contender }) => compared.has(contender.name));
    // Sluice alone has nobody to be compared with.
    const last = closer.length > 1 ? rounds * repeats : rounds;
    for (let round = 1; round <= last; round += 1) {
      for (const entry of round <= rounds ? entries : closer) yield { entry, round };
    }
  }

  /**
   * Those that the budget compares get the same rate, half of what the slowest of them can do;
   * contenders that could not bear that get half of what they can do themselves.
   */
  async #runLatency(scenario: Scenario, entries: readonly Entry[]): Promise<void> {
    const { latency, seconds, cores, progress } = this.#plan;
    const own = entries.filter(({ contender }) => latency.with.has(contender.name));
    const saturation = (name: string): number =>
      loadSpread(this.#found, name, scenario.name, ({ perSecond }) => perSecond)?.median ?? 0;
    const rates = ["sluice", "nginx"].map(saturation).filter((rate) => rate > 0);
    const common = Math.min(...rates.map((rate) => rate / 2), OPEN_LOOP_RATE_MAX);
    for (const { entry, round } of this.#turns(latency, own)) {
      const rate = Math.floor(Math.min(common, saturation(entry.contender.name) / 2));
      const at = { requestsPerSecond: rate, seconds: Math.max(2, seconds), round };
      const sample = await measureLatency(entry, scenario, at, cores);
      this.#found.latencies.push(sample);
      progress(describeLatency(sample));
    }
  }

  /** What is measured on freshly started processes: memory, and shifts. */
  async #runFresh(files: CertificateFiles): Promise<void> {
    const { cores, freshRounds, contenders, memory, shift, idleConnections, progress } = this.#plan;
    const scenario = mainScenario();
    await using origin = await startOrigin(cores);
    for (let round = 1; round <= freshRounds; round += 1) {
      for (const contender of contenders.filter((each) => isHeld(each, memory))) {
        const entry = await this.#start(contender, jobFor("plain", origin, {}));
        if (entry === undefined) continue;
        await using _ = entry.running;
        const at = { idleConnections, round, tool: toolFor(scenario) };
        const found = await measureMemory(entry, scenario, at, cores);
        const held = await this.#heldOtherwise(contender, origin, files);
        this.#found.memory.push({ ...found, ...held });
        progress(`memory ${contender.name} round ${round}`);
        if (!shift.has(contender.name)) continue;
        this.#found.shifts.push(await measureShifts(entry.running, round));
      }
    }
  }

  /** What connections add that rest over TLS, or by HTTP/2. */
  async #heldOtherwise(
    contender: Contender,
    origin: Origin,
    files: CertificateFiles,
  ): Promise<Partial<MemorySample>> {
    const { abilities } = contender;
    const found: { -readonly [Name in keyof MemorySample]?: MemorySample[Name] } = {};
    for (const [kind, ability, name] of HELD) {
      if (!abilities.has(ability)) continue;
      const entry = await this.#start(contender, jobFor(kind, origin, speechOf(kind, files)));
      if (entry === undefined) continue;
      await using _ = entry.running;
      const { idleConnections, cores } = this.#plan;
      const scenario = mainScenario();
      const held = { idleConnections, tool: ability === "h2" ? h2load : toolFor(scenario) };
      found[name] = await measureHeld(entry, scenario, held, cores);
    }
    return found;
  }
}

/** One that speaks HTTP/2 alone cannot be asked for its memory as the others are. */
function isHeld({ name, abilities }: Contender, memory: ReadonlySet<string>): boolean {
  return memory.has(name) && abilities.has("http");
}

function mainScenario(): Scenario {
  return SCENARIOS.find(({ name }) => name === MAIN_SCENARIO) as Scenario;
}

function takesPart(contender: Contender, each: Plan["scenarios"][number]): boolean {
  return each.with.has(contender.name) && contender.abilities.has(each.scenario.needs);
}

function toolFor({ tool }: Scenario): LoadTool {
  switch (tool) {
    case "any":
      return hasWrk() ? wrk : autocannon;
    case "autocannon":
      return autocannon;
    case "websockets":
      return websockets;
    case "handshakes":
      return handshakes;
    case "resumptions":
      return resumptions;
    case "h2load":
      return h2load;
  }
}

function describeLoad(sample: LoadSample): string {
  const { contender, scenario, round, perSecond, userUs, systemUs, errors } = sample;
  const cost = `${(userUs + systemUs).toFixed(1)} µs (user ${userUs.toFixed(1)})`;
  const failed = errors > 0 ? `, ${errors} errors` : "";
  return `${scenario} ${contender} round ${round}: ${cost}, ${Math.round(perSecond)}/s${failed}`;
}

function describeLatency(sample: LatencySample): string {
  const { contender, round, requestsPerSecond, p50Us, p99Us, errors } = sample;
  const failed = errors > 0 ? `, ${errors} errors` : "";
  const rate = `${requestsPerSecond}/s`;
  const quantiles = `p50 ${p50Us} µs, p99 ${p99Us} µs`;
  return `latency ${contender} round ${round} at ${rate}: ${quantiles}${failed}`;
}
