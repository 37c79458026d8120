import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { RolloutView } from "../rollout/rollout-view.ts";
import type { ServiceView } from "../views/service-view.ts";
import { beginAct, verbAct, verbsOf } from "./act.ts";
import { may } from "./may.ts";
import { act } from "./screen.ts";
import { excessText, momentText, partText, withCapital } from "./texts.ts";
import { call, nowMs, rollouts, whoami } from "./world.ts";

/** A service's latest rollout: where it stands and why; or how to begin one. */
export function RolloutPanel({ service }: { readonly service: ServiceView }): JSX.Element {
  const rollout = rollouts.value.find((each) => each.service === service.name);
  const hasEnded = rollout?.phase === "successful" || rollout?.phase === "aborted";
  const mayShift = may(whoami.value, "shift", service.name);
  return (
    <section aria-labelledby="rollout-title">
      <h2 id="rollout-title">Rollout</h2>
      {rollout === undefined ? <p class="faint">None yet.</p> : <Rollout rollout={rollout} />}
      {mayShift && (rollout === undefined || hasEnded) && <Begin service={service} />}
    </section>
  );
}

function Rollout({ rollout }: { readonly rollout: RolloutView }): JSX.Element {
  const { from, to, phase, share, why, now, seen } = rollout;
  return (
    <>
      <p>
        {from} → {to}: <strong>{phase}</strong>, {partText(share)}
        {seen !== undefined && <span class="faint"> · {seen} sidecars</span>}
      </p>
      <Why of={now ?? why} isListed={rollout.evidence !== undefined} />
      <Stages rollout={rollout} />
      <Evidence rollout={rollout} />
      <Forecast rollout={rollout} />
      <Verbs rollout={rollout} />
      <Decided rollout={rollout} />
    </>
  );
}

/** The rule by which it stands where it stands. `isListed`: what is still to be shown follows. */
function Why(props: { readonly of: RolloutView["why"]; readonly isListed: boolean }): JSX.Element {
  const { rule, text } = props.of;
  if (rule === "incomplete" && props.isListed) return <></>;
  return <p class="faint">{text === "" ? rule : text}</p>;
}

function Stages({ rollout }: { readonly rollout: RolloutView }): JSX.Element {
  const { stages, stage } = rollout;
  const signOf = (at: number): string => (at < stage ? "✓" : at === stage ? "▸" : "○");
  return (
    <ol class="stages">
      {stages.map((text, at) => (
        <li key={at} aria-current={at === stage ? "step" : undefined}>
          {signOf(at)} {text}
        </li>
      ))}
    </ol>
  );
}

function Evidence({ rollout }: { readonly rollout: RolloutView }): JSX.Element {
  const { evidence, to } = rollout;
  if (evidence === undefined) return <></>;
  const { against, limit, missing, excessFailures, metrics } = evidence;
  return (
    <>
      <label class="evidence">
        Evidence against {to}: {short(against)} of {limit}
        <meter min={0} max={limit} high={limit / 2} value={Math.min(against, limit)} />
      </label>
      <ul class="plain">
        <li>{excessText(excessFailures)} than at the old version's rate</li>
        {metrics
          .filter(({ fine }) => fine)
          .map(({ name }) => (
            <li key={name}>
              <span class="good-text">✓</span> {name}: no worse
            </li>
          ))}
        {missing.map((text) => (
          <li key={text} class="faint">
            ○ still to be shown: {text}
          </li>
        ))}
      </ul>
    </>
  );
}

/** The sentence of the explanation that looks ahead. */
function Forecast({ rollout }: { readonly rollout: RolloutView }): JSX.Element {
  const sentence = useSignal("");
  const { id, phase, share } = rollout;
  const turn = Math.floor(nowMs.value / 5_000);
  useEffect(() => {
    if (phase !== "progressing") return;
    void call<{ readonly explanation: readonly string[] }>(
      "GET",
      `/v1/rollouts/${encodeURIComponent(id)}/explain`,
    ).then(
      ({ explanation }) => {
        sentence.value = explanation.find((each) => each.startsWith("If it goes on")) ?? "";
      },
      () => undefined,
    );
  }, [id, phase, share, turn]);
  return phase === "progressing" && sentence.value !== "" ? <p>{sentence.value}</p> : <></>;
}

function Verbs({ rollout }: { readonly rollout: RolloutView }): JSX.Element {
  if (!may(whoami.value, "shift", rollout.service)) return <></>;
  return (
    <div class="buttons">
      {verbsOf(rollout).map((verb) => (
        <button
          key={verb}
          type="button"
          class={verb === "abort" || verb === "undo" ? "danger" : ""}
          onClick={() => (act.value = verbAct(call, rollout, verb))}
        >
          {withCapital(verb)}…
        </button>
      ))}
    </div>
  );
}

function Decided({ rollout }: { readonly rollout: RolloutView }): JSX.Element {
  return (
    <details>
      <summary>What was decided</summary>
      <ol class="log" reversed>
        {rollout.history.toReversed().map(({ time, decision, by, share, text, rule }) => (
          <li key={`${time} ${decision}`}>
            {momentText(time, nowMs.value)} {by} <b>{decision}</b> {partText(share)}:{" "}
            {text === "" ? rule : text}
          </li>
        ))}
      </ol>
    </details>
  );
}

const PRESETS = ["careful", "standard", "fast"];

function Begin({ service }: { readonly service: ServiceView }): JSX.Element {
  const targets = Object.entries(service.weights).flatMap(([name, weight]) =>
    weight === 0 ? [name] : [],
  );
  const to = useSignal("");
  const preset = useSignal("standard");
  const chosen = targets.includes(to.value) ? to.value : targets[0];
  if (chosen === undefined) {
    return <p class="faint">A rollout goes to a version of weight 0, and there is none.</p>;
  }
  const ask = (): void => {
    act.value = beginAct(call, service.name, chosen, preset.value);
  };
  return (
    <div class="buttons">
      <Choice label="To" value={chosen} options={targets} onChoose={(each) => (to.value = each)} />
      <Choice
        label="How"
        value={preset.value}
        options={PRESETS}
        onChoose={(each) => (preset.value = each)}
      />
      <button type="button" onClick={ask}>
        Begin…
      </button>
    </div>
  );
}

function Choice(props: {
  readonly label: string;
  readonly value: string;
  readonly options: readonly string[];
  readonly onChoose: (value: string) => void;
}): JSX.Element {
  const { label, value, options, onChoose } = props;
  return (
    <label>
      {label}{" "}
      <select value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
        {options.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    </label>
  );
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
