import type { JSX } from "preact";
import type { Plan } from "../api/plan.ts";
import type { PlanState } from "./shift-draft.ts";
import { manyText, partText } from "./texts.ts";
import { table } from "./world.ts";

/** What a shift would do, or why that cannot be said. It is read aloud as it changes. */
export function PlanBox({ state }: { readonly state: PlanState }): JSX.Element {
  return (
    <div
      class={state.kind === "none" ? "plan empty" : "plan"}
      aria-live="polite"
      aria-atomic="true"
    >
      <PlanText state={state} />
    </div>
  );
}

function PlanText({ state }: { readonly state: PlanState }): JSX.Element {
  switch (state.kind) {
    case "none":
      return <span class="faint">Choose a share to see what it would do.</span>;
    case "asked":
      return <span class="faint">Planning…</span>;
    case "failed":
      return <span class="bad-text">✕ {state.reason}</span>;
    case "known":
      return <KnownPlan {...state} />;
  }
}

function KnownPlan(props: Extract<PlanState, { readonly kind: "known" }>): JSX.Element {
  const { plan, note, takesOver } = props;
  return (
    <>
      {note !== "" && <p class="bad-text strong">▲ {note}</p>}
      <strong>Plan against revision {plan.revision}</strong>
      {(table.value?.revision ?? 0) > plan.revision && (
        <span class="bad-text"> ▲ revision {table.value?.revision} is in force by now</span>
      )}
      <ul>
        {Object.entries(plan.versions).map(([name, version]) => (
          <li key={name}>
            {name}: {partText(version.share.before)} → <b>{partText(version.share.after)}</b>
            {version.keys !== undefined && ` · users moved ${partText(movedOf(version.keys))}`}
            {` · tunnels ${version.tunnels.toMigrate}/${version.tunnels.open}`}
            {` · ${manyText(version.capacity.endpointsUsable, "endpoint")}`}
          </li>
        ))}
      </ul>
      {takesOver && (
        <p class="bad-text">
          ▲ a rollout looks after these weights: it pauses, and lets go of them
        </p>
      )}
      <Warnings plan={plan} />
    </>
  );
}

function Warnings({ plan }: { readonly plan: Plan }): JSX.Element {
  if (plan.warnings.length === 0) return <span class="good-text">✓ no warnings</span>;
  return (
    <ul>
      {plan.warnings.map(({ text }) => (
        <li key={text} class="bad-text">
          ▲ {text}
        </li>
      ))}
    </ul>
  );
}

function movedOf({ lost, gained }: { readonly lost: number; readonly gained: number }): number {
  return Math.max(lost, gained);
}
