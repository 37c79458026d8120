import type { JSX } from "preact";
import type { ServiceView } from "../views/service-view.ts";
import { migrationAct } from "./act.ts";
import { may } from "./may.ts";
import { act } from "./screen.ts";
import { spanText } from "./texts.ts";
import { call, whoami } from "./world.ts";

type MigrationView = NonNullable<ServiceView["versions"][string]["migration"]>;

/** How far a version is that traffic has left, and a way to stop it. */
export function MigrationBar(props: {
  readonly service: string;
  readonly version: string;
  readonly migration: MigrationView;
}): JSX.Element {
  const { service, version, migration } = props;
  const { state, reason, left, closed, timeLeftMs } = migration;
  const open = left.tunnel + left.exchange;
  const isRunning = state === "running";
  const at = { service, version };
  return (
    <div class="migration">
      <span>
        {version} migrates: {closed} ended, {left.tunnel} tunnels and {left.exchange} requests left
        {timeLeftMs !== undefined && `, about ${spanText(timeLeftMs)} more`}
        {!isRunning && <span class="bad-text"> ▲ stopped by itself: {reason}</span>}
      </span>
      <progress
        aria-label={`Migration of ${version}`}
        max={Math.max(1, closed + open)}
        value={closed}
      />
      {may(whoami.value, "shift", service) && (
        <span class="buttons">
          {!isRunning && (
            <button type="button" onClick={() => (act.value = migrationAct(call, at, "resume"))}>
              Resume…
            </button>
          )}
          <button type="button" onClick={() => (act.value = migrationAct(call, at, "stop"))}>
            Stop…
          </button>
        </span>
      )}
    </div>
  );
}
