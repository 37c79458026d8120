import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { FleetAnswer } from "../api/fleet-routes.ts";
import { codeAct } from "./act.ts";
import { CallError, wordsOf } from "./call.ts";
import { lagText, lastFirst } from "./fleet-rows.ts";
import { may } from "./may.ts";
import { act } from "./screen.ts";
import { Cell, Row, Table, WideCell } from "./table.tsx";
import { call, health, nowMs, table, whoami } from "./world.ts";

type FleetState = { readonly fleet?: FleetAnswer; readonly failure?: string };

const ALONE = "The table is this sidecar's alone: no other one shares it.";

/** How often the fleet is asked for. */
const LOOK_MS = 5_000;

/** Who shares the table, who lags, and new code for this sidecar. */
export function FleetPage(): JSX.Element {
  const { fleet, failure } = useFleet();
  return (
    <>
      <div class="title">
        <h1>Fleet</h1>
      </div>
      {failure !== undefined && <p>{failure}</p>}
      {fleet !== undefined && <Members fleet={fleet} />}
      <OwnSidecar />
    </>
  );
}

function useFleet(): FleetState {
  const state = useSignal<FleetState>({});
  const turn = Math.floor(nowMs.value / LOOK_MS);
  useEffect(() => {
    if (state.value.failure === ALONE) return;
    void call<FleetAnswer>("GET", "/v1/fleet").then(
      (fleet) => (state.value = { fleet }),
      (error: unknown) => (state.value = { failure: failureText(error) }),
    );
  }, [turn]);
  return state.value;
}

function failureText(error: unknown): string {
  const isAlone = error instanceof CallError && error.code === "no_fleet";
  return isAlone ? ALONE : wordsOf(error);
}

const HEADS = ["Sidecar", "Revision", "State", "Host", "API"];

function Members({ fleet }: { readonly fleet: FleetAnswer }): JSX.Element {
  return (
    <Table label="Sidecars" kind="fleet" heads={HEADS}>
      {lastFirst(fleet).map(({ sidecar, revision, host, api }) => (
        <Row key={sidecar} name={sidecar}>
          <Cell head="revision">{revision}</Cell>
          <WideCell>
            <Sign isGood={revision >= fleet.revision} /> {lagText(revision, fleet.revision)}
          </WideCell>
          <Cell head="host">{host ?? "–"}</Cell>
          <Cell head="API">{api ?? "–"}</Cell>
        </Row>
      ))}
    </Table>
  );
}

function Sign({ isGood }: { readonly isGood: boolean }): JSX.Element {
  return <span class={isGood ? "good-text" : "bad-text"}>{isGood ? "●" : "▲"}</span>;
}

function OwnSidecar(): JSX.Element {
  const { ready = false, reasons = [], stale = [] } = health.value ?? {};
  return (
    <section aria-labelledby="own-title">
      <h2 id="own-title">This sidecar</h2>
      <p>
        {location.host} · revision {table.value?.revision ?? "–"} · <Sign isGood={ready} />{" "}
        {ready ? "ready" : `not ready: ${reasons.join(", ")}`}
      </p>
      {stale.map((text) => (
        <p key={text} class="bad-text">
          ▲ may be out of date: {text}
        </p>
      ))}
      {may(whoami.value, "admin") && (
        <div class="buttons">
          <button type="button" onClick={() => (act.value = codeAct(call, "swap"))}>
            Swap workers…
          </button>
          <button type="button" onClick={() => (act.value = codeAct(call, "upgrade"))}>
            Upgrade…
          </button>
        </div>
      )}
    </section>
  );
}
