import type { JSX } from "preact";
import type { ServiceView } from "../views/service-view.ts";
import type { AuditEntry } from "../records/audit-entry.ts";
import { refusedOf, whyOf } from "./endpoint-why.ts";
import type { EndpointView, EndpointWhy } from "./endpoint-why.ts";
import { askerText, putAsideBy } from "./put-aside.ts";
import { StateButton } from "./state-button.tsx";
import { Cell, Row, Table, WideCell } from "./table.tsx";
import { eventsOf } from "./told-event.ts";
import { nowMs, told } from "./world.ts";

/** Whether endpoints are checked, and start slowly: of the service's document. */
export type EndpointRules = { readonly isChecked: boolean; readonly slowStartMs: number };

/** More of one version nobody reads. */
const ENDPOINTS_SHOWN = 100;

const HEADS = ["Address", "Version", "Weight", "In flight", "State and why", ""];

const SIGNS: Readonly<Record<EndpointWhy["kind"], string>> = {
  bad: "▲",
  part: "◐",
  good: "●",
  unknown: "○",
};

/** Every endpoint, and why it gets what it gets. */
export function EndpointsTable(props: {
  readonly service: ServiceView;
  readonly rules: EndpointRules;
  /** Who changed what, oldest first. */
  readonly audit: readonly AuditEntry[];
}): JSX.Element {
  const { service } = props;
  return (
    <section aria-labelledby="endpoints-title">
      <h2 id="endpoints-title">Endpoints</h2>
      <Table label="Endpoints" kind="endpoints" heads={HEADS}>
        {Object.keys(service.versions).map((version) => (
          <VersionEndpoints key={version} version={version} {...props} />
        ))}
      </Table>
    </section>
  );
}

function VersionEndpoints(props: {
  readonly service: ServiceView;
  readonly version: string;
  readonly rules: EndpointRules;
  readonly audit: readonly AuditEntry[];
}): JSX.Element {
  const { service, version, rules, audit } = props;
  const endpoints = service.versions[version]?.endpoints ?? [];
  const events = eventsOf(told.value, service.name).filter((each) => each.version === version);
  const around = { ...rules, events, nowMs: nowMs.value };
  const askerOf = (endpoint: EndpointView): string =>
    askerText(putAsideBy(audit, { ...endpoint, service: service.name, version }));
  const hidden = endpoints.length - ENDPOINTS_SHOWN;
  return (
    <>
      {endpoints.slice(0, ENDPOINTS_SHOWN).map((endpoint) => (
        <EndpointRow
          key={endpoint.address}
          service={service.name}
          version={version}
          endpoint={endpoint}
          why={whyOf(endpoint, { ...around, asker: askerOf(endpoint) })}
        />
      ))}
      {hidden > 0 && <NoteRow version={version} text={`and ${hidden} more`} />}
      {endpoints.length === 0 && <NoteRow version={version} text="▲ there is none" />}
      {refusedOf(events).map((text) => (
        <NoteRow key={text} version={version} text={`▲ refused: ${text}`} />
      ))}
    </>
  );
}

function EndpointRow(props: {
  readonly service: string;
  readonly version: string;
  readonly endpoint: EndpointView;
  readonly why: EndpointWhy;
}): JSX.Element {
  const { service, version, endpoint, why } = props;
  const { address, name, weight, inFlight, state } = endpoint;
  return (
    <Row name={<code>{address}</code>}>
      <Cell head="version">{version}</Cell>
      <Cell head="weight">{weight}</Cell>
      <Cell head="in flight">{inFlight}</Cell>
      <WideCell>
        <span class={`${why.kind}-text`}>{SIGNS[why.kind]}</span> {why.state}
        {why.text !== "" && <span class="faint">: {why.text}</span>}
        {name !== undefined && name !== address && <span class="faint"> · by name {name}</span>}
      </WideCell>
      <td role="cell" class="actions">
        <StateButton service={service} version={version} address={address} state={state} />
        {state !== "maint" && (
          <StateButton
            service={service}
            version={version}
            address={address}
            state={state}
            to="maint"
          />
        )}
      </td>
    </Row>
  );
}

function NoteRow({
  version,
  text,
}: {
  readonly version: string;
  readonly text: string;
}): JSX.Element {
  return (
    <Row name="">
      <Cell head="version">{version}</Cell>
      <WideCell span={4}>{text}</WideCell>
    </Row>
  );
}
