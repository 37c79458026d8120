import type { JSX } from "preact";
import { stateAct } from "./act.ts";
import { may } from "./may.ts";
import { act } from "./screen.ts";
import { call, table, whoami } from "./world.ts";

/** Drains a version, or with `address` an endpoint, or makes it ready again: it asks first. */
export function StateButton(props: {
  readonly service: string;
  readonly version: string;
  readonly address?: string;
  readonly state: string;
}): JSX.Element {
  const { state, ...at } = props;
  const isReady = state === "ready";
  const { revision } = table.value ?? {};
  if (revision === undefined || !may(whoami.value, "shift", at.service)) return <></>;
  const verb = isReady ? "Drain" : "Ready";
  return (
    <button
      type="button"
      class="drain"
      aria-label={`${verb} ${at.address ?? at.version}`}
      onClick={() => (act.value = stateAct(call, { ...at, revision }, isReady ? "drain" : "ready"))}
    >
      {verb}…
    </button>
  );
}
