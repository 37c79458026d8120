import type { FilterSpec } from "../table/filter-spec.ts";
import { FilterCounts } from "./filter-counts.ts";
import { readFilterHooks, readFilterModule } from "./filter-module.ts";
import type { FilterHooks, FilterModule } from "./filter-module.ts";
import type { ModuleLoader } from "./module-loader.ts";
import { errorText } from "../base/error-text.ts";

/** Why a filter cannot be used, in words for the operator. */
export class FilterRefusal extends Error {}

/** A filter of a service, ready to be put in force. Immutable except for its counts. */
export class LoadedFilter {
  readonly spec: FilterSpec;
  /** Of its module. "": none could be loaded. */
  readonly version: string;
  /** undefined: it stands in for one that cannot be loaded, and fails every exchange. */
  readonly hooks: FilterHooks | undefined;
  readonly counts: FilterCounts;

  /**
   * Loads, makes and checks a filter, and rehearses that it takes over the state of the one before
   * it. @throws FilterRefusal.
   */
  static async load(
    spec: FilterSpec,
    before: LoadedFilter | undefined,
    loader: ModuleLoader,
  ): Promise<LoadedFilter> {
    const { code, filter } = spec;
    if (code.kind === "missing") throw new FilterRefusal(code.reason);
    const exported = await told("load the module", loader.load(code));
    const module = await told("use the module", () => readFilterModule(exported));
    const make = async (): Promise<FilterHooks> =>
      // Each gets a copy: a filter may do what it likes with its options.
      readFilterHooks(await module.create(structuredClone(filter.options)));
    const hooks = await told("make the filter", make);
    await told("check the filter", async () => {
      if ((await hooks.check?.()) === false) throw new Error("check() gave false");
    });
    await told("take over the state", async () => {
      const state = stateFor(module, before);
      // A separate filter that nobody uses, to see what it makes of the state without any effect.
      if (state !== undefined) takeState(await make(), structuredClone(state), before);
    });
    return new LoadedFilter(spec, { version: module.version, hooks }, before?.counts);
  }

  /** Stands in for a filter that cannot be loaded. */
  static refused(spec: FilterSpec): LoadedFilter {
    return new LoadedFilter(spec, { version: "", hooks: undefined }, undefined);
  }

  private constructor(
    spec: FilterSpec,
    made: { readonly version: string; readonly hooks: FilterHooks | undefined },
    counts: FilterCounts | undefined,
  ) {
    this.spec = spec;
    this.version = made.version;
    this.hooks = made.hooks;
    this.counts = counts ?? new FilterCounts();
  }

  get name(): string {
    return this.spec.filter.name;
  }

  /**
   * Continues from where `before` is now. The state is not copied. @throws what the modules throw.
   */
  takeOver(before: LoadedFilter): void {
    const state = before.hooks?.exportState?.();
    if (state !== undefined && this.hooks !== undefined) takeState(this.hooks, state, before);
  }
}

/** The state that a filter leaves to `module`. undefined: none. @throws when it cannot read it. */
function stateFor(module: FilterModule, before: LoadedFilter | undefined): unknown {
  const state = before?.hooks?.exportState?.();
  if (state === undefined || before === undefined) return undefined;
  const readable = [module.version, ...(module.readsState ?? [])];
  if (readable.includes(before.version)) return state;
  const wanted = `${JSON.stringify(before.version)} in readsState of version ${module.version}`;
  throw new Error(`wanted ${wanted}, found ${readable.slice(1).join(", ") || "nothing"}`);
}

function takeState(hooks: FilterHooks, state: unknown, before: LoadedFilter | undefined): void {
  if (hooks.importState === undefined) throw new Error("wanted importState(), found nothing");
  hooks.importState(state, before?.version ?? "");
}

/** Runs one step of the work. @throws FilterRefusal that names the step. */
async function told<Result>(
  step: string,
  work: Promise<Result> | (() => Result | Promise<Result>),
): Promise<Result> {
  try {
    return await (typeof work === "function" ? work() : work);
  } catch (error) {
    const reason = errorText(error);
    throw new FilterRefusal(`cannot ${step}: ${reason}`, { cause: error });
  }
}
