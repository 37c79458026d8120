import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { RolloutView } from "../rollout/rollout-view.ts";
import type { ServiceView } from "../views/service-view.ts";
import { abortAct, verbAct } from "./act.ts";
import { ForceBox } from "./force-box.tsx";
import { PlanBox } from "./plan-box.tsx";
import { act, announce, keyTargets } from "./screen.ts";
import { openRolloutOf } from "./service-rows.ts";
import { ShiftDraft } from "./shift-draft.ts";
import { call, look, rollouts, table } from "./world.ts";

const PRESETS = [1, 5, 10, 25, 50, 100];

/** Moves traffic: choose, see what it would do, then send that. */
export function ShiftPanel({ service }: { readonly service: ServiceView }): JSX.Element {
  const { name, stable, versions } = service;
  const names = Object.keys(versions);
  const draft = useMemo(() => new ShiftDraft(name, firstTarget(names, stable), call), [name]);
  const slider = useRef<HTMLInputElement>(null);
  useEffect(() => {
    keyTargets.value = {
      shift: () => slider.current?.focus(),
      drain: () => document.querySelector<HTMLElement>("button.drain")?.focus(),
      pause: () => askPause(name),
      abort: () => askAbort(name, stable),
    };
    return () => void (keyTargets.value = {});
  }, [name, stable]);
  const percent = draft.percent ?? Math.round((service.shares[draft.version] ?? 0) * 100);
  const choose = (version: string, value: number): void => void draft.choose(version, value);
  return (
    <section aria-labelledby="shift-title">
      <h2 id="shift-title">
        Shift <kbd>s</kbd>
      </h2>
      <div class="presets" role="group" aria-label={`Share of ${draft.version}`}>
        {PRESETS.map((preset) => (
          <button
            key={preset}
            type="button"
            aria-pressed={draft.percent === preset}
            onClick={() => choose(draft.version, preset)}
          >
            {preset} %
          </button>
        ))}
      </div>
      <div class="slider">
        <Target names={names} draft={draft} />
        <input
          ref={slider}
          type="range"
          min={0}
          max={100}
          value={percent}
          aria-label={`Share of ${draft.version} in percent`}
          onInput={(event) => draft.move(Number(event.currentTarget.value))}
          onChange={(event) => choose(draft.version, Number(event.currentTarget.value))}
        />
        <output>{percent} %</output>
      </div>
      <PlanBox state={draft.plan} />
      <Send draft={draft} service={service} />
    </section>
  );
}

function Target(props: {
  readonly names: readonly string[];
  readonly draft: ShiftDraft;
}): JSX.Element {
  const { names, draft } = props;
  return (
    <select
      aria-label="Version"
      value={draft.version}
      onChange={(event) => void draft.choose(event.currentTarget.value, undefined)}
    >
      {names.map((each) => (
        <option key={each} value={each}>
          {each}
        </option>
      ))}
    </select>
  );
}

function Send(props: { readonly draft: ShiftDraft; readonly service: ServiceView }): JSX.Element {
  const { draft, service } = props;
  const { reason, force, plan, outcome } = draft;
  const codes = plan.kind === "known" ? plan.plan.warnings.map(({ code }) => code) : [];
  const send = async (): Promise<void> => {
    await draft.send();
    if (draft.outcome.kind === "done")
      announce(`Shifted: ${service.name} is at revision ${draft.outcome.revision}`);
    void look();
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <label class="field">
        Reason
        <input
          value={reason.value}
          placeholder="kept in the audit log"
          maxLength={500}
          onInput={(event) => (reason.value = event.currentTarget.value)}
        />
      </label>
      <Within draft={draft} />
      {codes.includes("nothing_would_serve") && <ForceBox force={force} />}
      <div aria-live="polite">
        {outcome.kind === "refused" && <p class="bad-text">✕ {outcome.reason}</p>}
      </div>
      <div class="buttons">
        <button type="submit" class="main" disabled={!draft.isReady.value}>
          {plan.kind === "known" && plan.takesOver ? "Take over from the rollout" : "Shift"}
        </button>
        {pausable(service.name) !== undefined && (
          <button type="button" onClick={() => askPause(service.name)}>
            Pause <kbd>p</kbd>
          </button>
        )}
        <button type="button" class="danger" onClick={() => askAbort(service.name, service.stable)}>
          Abort → {service.stable} 100 % <kbd>a</kbd>
        </button>
      </div>
    </form>
  );
}

/** Whether it is taken back by itself, and when. */
function Within({ draft: { confirmWithin } }: { readonly draft: ShiftDraft }): JSX.Element {
  return (
    <label class="field">
      Unless it is confirmed
      <select
        value={confirmWithin.value}
        onChange={(event) => (confirmWithin.value = event.currentTarget.value)}
      >
        <option value="">it stays all the same</option>
        {[1, 5, 30].map((minutes) => (
          <option key={minutes} value={`${minutes}m`}>
            it is taken back after {minutes} min
          </option>
        ))}
      </select>
    </label>
  );
}

/** The version that people most likely shift to: the first that is not stable. */
function firstTarget(names: readonly string[], stable: string): string {
  return names.find((name) => name !== stable) ?? stable;
}

/** The rollout that could be paused. undefined: none goes on. */
function pausable(service: string): RolloutView | undefined {
  const rollout = openRolloutOf(service, rollouts.value);
  return rollout?.phase === "progressing" ? rollout : undefined;
}

function askPause(service: string): void {
  const rollout = pausable(service);
  if (rollout !== undefined) act.value = verbAct(call, rollout, "pause");
}

/** Of a rollout, if one is under way: it would take the weights back. */
function askAbort(service: string, stable: string): void {
  const rollout = openRolloutOf(service, rollouts.value);
  const revision = table.value?.revision;
  if (rollout !== undefined) act.value = verbAct(call, rollout, "abort");
  else if (revision !== undefined) act.value = abortAct(call, { service, stable, revision });
}
