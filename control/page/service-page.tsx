import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { thawAct } from "./act.ts";
import type { AuditEntry } from "../records/audit-entry.ts";
import type { ServiceView } from "../views/service-view.ts";
import { pathOfService, wordsOf } from "./call.ts";
import { changeLines, weightsText } from "./changes.ts";
import { EndpointsTable } from "./endpoints-table.tsx";
import { may } from "./may.ts";
import { RolloutPanel } from "./rollout-panel.tsx";
import { policyText, rulesOf, stickyText } from "./service-document.ts";
import type { ServiceDocumentView } from "./service-document.ts";
import { act, announce } from "./screen.ts";
import { ShareBar } from "./share-bar.tsx";
import { ShiftPanel } from "./shift-panel.tsx";
import { countdownText, momentText, perSecondText } from "./texts.ts";
import { eventsOf } from "./told-event.ts";
import { TrafficChart } from "./traffic-chart.tsx";
import { VersionsTable } from "./versions-table.tsx";
import { call, freezes, look, nowMs, problems, remember } from "./world.ts";
import { stats, table, told, whoami } from "./world.ts";

/** One service: what its versions get, why, and how to change that. */
export function ServicePage({ name }: { readonly name: string }): JSX.Element {
  const service = table.value?.services.find((each) => each.name === name);
  const document = useDocument(name);
  const audit = useAudit(service !== undefined && isPutAside(service));
  useEffect(() => void remember(name), [name]);
  if (service === undefined) return <NoService name={name} />;
  const policy = policyText(service);
  return (
    <>
      <div class="title">
        <h1>
          {name}{" "}
          <small>
            stable {service.stable} · {stickyText(document)}
          </small>
        </h1>
      </div>
      <ShareBar shares={service.shares} />
      <Troubles name={name} />
      <Frozen name={name} />
      <Tried service={service} />
      <VersionsTable service={service} traffic={stats.value?.services[name]} />
      {policy !== "" && <p class="faint">{policy}</p>}
      <div class="columns">
        <TrafficChart service={name} versions={Object.keys(service.versions)} />
        {may(whoami.value, "shift", name) && <ShiftPanel key={name} service={service} />}
        <RolloutPanel service={service} />
        <Changes name={name} />
      </div>
      <EndpointsTable service={service} rules={rulesOf(document)} audit={audit} />
    </>
  );
}

/** The service's document, read again at each revision. */
function useDocument(name: string): ServiceDocumentView {
  const document = useSignal<ServiceDocumentView>({});
  const revision = table.value?.revision;
  useEffect(() => {
    void call<{ readonly document: ServiceDocumentView }>("GET", pathOfService(name)).then(
      (answer) => (document.value = answer.document),
      () => undefined,
    );
  }, [name, revision]);
  return document.value;
}

function isPutAside({ versions }: ServiceView): boolean {
  return Object.values(versions).some(({ endpoints }) =>
    endpoints.some(({ state }) => state !== "ready"),
  );
}

/** The latest of what was changed, oldest first, where it is `wanted`. */
function useAudit(wanted: boolean): readonly AuditEntry[] {
  const entries = useSignal<readonly AuditEntry[]>([]);
  const revision = table.value?.revision;
  useEffect(() => {
    if (wanted) void readAudit().then((read) => (entries.value = read));
  }, [wanted, revision]);
  return entries.value;
}

function readAudit(): Promise<readonly AuditEntry[]> {
  return call<{ readonly entries: readonly AuditEntry[] }>("GET", "/v1/audit?limit=100").then(
    (answer) => answer.entries,
    () => [],
  );
}

function NoService({ name }: { readonly name: string }): JSX.Element {
  if (table.value === undefined) return <p class="faint">Reading…</p>;
  return (
    <>
      <h1>{name}</h1>
      <p>
        The table has no such service. <a href="#/">All services</a>
      </p>
    </>
  );
}

function Troubles({ name }: { readonly name: string }): JSX.Element {
  const own = problems.value.filter(({ service }) => service === name);
  const { unserved = 0 } = stats.value?.services[name] ?? {};
  return (
    <ul class="problems">
      {unserved > 0 && (
        <li class="bad-text">▲ {perSecondText(unserved)} errors a second that no version made</li>
      )}
      {own.map(({ code, text }) => (
        <li key={text}>
          <span class="bad-text strong">▲ {code}</span> {text}
        </li>
      ))}
    </ul>
  );
}

/** Weights that stay as they are, and a way to end that. */
function Frozen({ name }: { readonly name: string }): JSX.Element {
  const own = freezes.value.filter(({ service = name }) => service === name);
  return (
    <>
      {own.map(({ service, until, actor, reason = "" }) => (
        <p key={service} class="buttons">
          ◐ frozen until {momentText(until, nowMs.value)} by {actor}
          {reason === "" ? "" : `: ${reason}`}
          {may(whoami.value, "shift", service) && (
            <button type="button" onClick={() => (act.value = thawAct(call, service))}>
              Thaw…
            </button>
          )}
        </p>
      ))}
    </>
  );
}

/** A shift that is taken back at a time, and a way to keep it. */
function Tried({ service: { name, trial } }: { readonly service: ServiceView }): JSX.Element {
  if (trial === undefined) return <></>;
  const { until, actor, before } = trial;
  // By the clock of the sidecar, where it is known: that of this machine may be another.
  const now = Date.parse(stats.value?.time ?? "") || nowMs.value;
  return (
    <p class="buttons">
      ◐ {actor} tries this: back to {weightsText(before)} in{" "}
      {countdownText(Date.parse(until) - now)}
      {may(whoami.value, "shift", name) && (
        <button type="button" class="main" onClick={() => void confirm(name)}>
          Confirm
        </button>
      )}
    </p>
  );
}

async function confirm(name: string): Promise<void> {
  const path = pathOfService(name, "confirm");
  announce(
    await call("POST", path).then(
      () => `${name} stays as it is`,
      (error: unknown) => `✕ ${wordsOf(error)}`,
    ),
  );
  void look();
}

const CHANGES_SHOWN = 12;

function Changes({ name }: { readonly name: string }): JSX.Element {
  const changes = changeLines(eventsOf(told.value, name)).slice(-CHANGES_SHOWN).toReversed();
  return (
    <section aria-labelledby="changes-title">
      <h2 id="changes-title">Latest changes</h2>
      {changes.length === 0 && <p class="faint">None since this process began.</p>}
      <ol class="log">
        {changes.map(({ id, time, who, what, text }) => (
          <li key={id}>
            {momentText(time, nowMs.value)} {who} <b>{what}</b> {text}
          </li>
        ))}
      </ol>
    </section>
  );
}
