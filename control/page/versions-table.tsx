import type { JSX } from "preact";
import type { ServiceTraffic } from "../views/traffic-stats.ts";
import type { ServiceView } from "../views/service-view.ts";
import { MigrationBar } from "./migration-bar.tsx";
import { Errors } from "./services-page.tsx";
import { lookOf } from "./share-bar.tsx";
import { StateButton } from "./state-button.tsx";
import { Cell, Row, Table, WideCell } from "./table.tsx";
import { latencyText, partText, perSecondText } from "./texts.ts";

const HEADS = [
  "Version",
  "State",
  "Share",
  "Effective",
  "Seen",
  "req/s",
  "Errors",
  "p50",
  "p95",
  "p99",
  "Open",
  "Tunnels",
  "Endpoints",
  "",
];

type VersionsProps = {
  readonly service: ServiceView;
  /** undefined: there is none. */
  readonly traffic: ServiceTraffic | undefined;
};

/** What versions should get, can get and do get, and how it goes there. */
export function VersionsTable({ service, traffic }: VersionsProps): JSX.Element {
  return (
    <Table label="Versions" kind="versions" heads={HEADS}>
      {Object.keys(service.versions).map((name) => (
        <VersionRow key={name} name={name} service={service} traffic={traffic} />
      ))}
    </Table>
  );
}

function VersionRow(props: VersionsProps & { readonly name: string }): JSX.Element {
  const { name, service, traffic } = props;
  const version = service.versions[name];
  const own = traffic?.versions[name];
  if (version === undefined) return <></>;
  const usable = version.endpoints.filter(({ healthy, state }) => healthy && state === "ready");
  const { migration, state } = version;
  return (
    <>
      <Row name={<VersionName name={name} service={service} />}>
        <Cell head="state">{state === "ready" ? state : `◐ ${state}`}</Cell>
        <Cell head="share">{partText(service.shares[name])}</Cell>
        <Cell head="effective">{partText(effectiveShare(service, name))}</Cell>
        <Cell head="seen">{partText(seenShare(traffic, name))}</Cell>
        <Cell head="req/s">{perSecondText(own?.rate ?? 0)}</Cell>
        <Cell head="errors">
          <Errors part={own?.errors} />
          {own !== undefined && own.failures > own.errors && (
            <span class="faint"> · attempts {partText(own.failures)}</span>
          )}
        </Cell>
        <Cell head="p50">{latencyText(own?.p50Ms)}</Cell>
        <Cell head="p95">{latencyText(own?.p95Ms)}</Cell>
        <Cell head="p99">{latencyText(own?.p99Ms)}</Cell>
        <Cell head="open">
          {own?.open ?? version.exchangesOpen}
          <span class="faint">/{version.limit}</span>
          {version.waiting > 0 && <span class="bad-text"> +{version.waiting} wait</span>}
        </Cell>
        <Cell head="tunnels">{own?.tunnels ?? version.tunnelsOpen}</Cell>
        <Cell head="endpoints">
          {usable.length < version.endpoints.length && <span class="bad-text">▲ </span>}
          {usable.length}/{version.endpoints.length}
        </Cell>
        <td role="cell" class="actions">
          <StateButton service={service.name} version={name} state={state} />
        </td>
      </Row>
      {migration !== undefined && (
        <tr role="row">
          <WideCell span={HEADS.length}>
            <MigrationBar service={service.name} version={name} migration={migration} />
          </WideCell>
        </tr>
      )}
    </>
  );
}

function VersionName(props: { readonly name: string; readonly service: ServiceView }): JSX.Element {
  const { name, service } = props;
  return (
    <>
      <i class={`swatch ${lookOf(Object.keys(service.versions), name)}`} /> {name}
      {name === service.stable && (
        <>
          <span aria-hidden="true" title="stable">
            {" "}
            ★
          </span>
          <span class="unseen"> (stable)</span>
        </>
      )}
    </>
  );
}

/** What a version can get of all after states and health. undefined: nothing serves. */
function effectiveShare({ effectiveWeights }: ServiceView, name: string): number | undefined {
  const sum = Object.values(effectiveWeights).reduce((all, weight) => all + weight, 0);
  return sum === 0 ? undefined : (effectiveWeights[name] ?? 0) / sum;
}

/** What a version did get of all that versions got. undefined: there was nothing. */
function seenShare(traffic: ServiceTraffic | undefined, name: string): number | undefined {
  const rates = Object.values(traffic?.versions ?? {}).map(({ rate }) => rate);
  const sum = rates.reduce((all, rate) => all + rate, 0);
  return sum === 0 ? undefined : (traffic?.versions[name]?.rate ?? 0) / sum;
}
