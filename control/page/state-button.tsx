import type { JSX } from "preact";
import type { State } from "../../proxy/table/snapshot.ts";
import { stateAct } from "./act.ts";
import { may } from "./may.ts";
import { act } from "./screen.ts";
import { call, table, whoami } from "./world.ts";

const VERBS = { ready: "Ready", drain: "Drain", maint: "Maint" } as const;

/**
 * Drains a version, or with `address` an endpoint, or makes it ready again: it asks first. `to`:
 * another state that it brings.
 */
export function StateButton(props: {
  readonly service: string;
  readonly version: string;
  readonly address?: string;
  readonly state: string;
  readonly to?: State;
}): JSX.Element {
  const { state, to = state === "ready" ? "drain" : "ready", ...at } = props;
  const { revision } = table.value ?? {};
  if (revision === undefined || !may(whoami.value, "shift", at.service)) return <></>;
  const verb = VERBS[to];
  return (
    <button
      type="button"
      class={to}
      aria-label={`${verb} ${at.address ?? at.version}`}
      onClick={() => (act.value = stateAct(call, { ...at, revision }, to))}
    >
      {verb}…
    </button>
  );
}
