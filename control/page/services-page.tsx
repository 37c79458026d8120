import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { hashOf } from "./place.ts";
import { find, keyTargets } from "./screen.ts";
import { firstRows, isTroubled, serviceRows, stateOfRow } from "./service-rows.ts";
import type { ServiceRow } from "./service-rows.ts";
import { ShareBar } from "./share-bar.tsx";
import { Cell, Row, Table, WideCell } from "./table.tsx";
import { latencyText, partText, perSecondText } from "./texts.ts";
import { problems, rollouts, stats, table } from "./world.ts";

/** All services, one line each, those with problems first. */
export function ServicesPage(): JSX.Element {
  const { services = [] } = table.value ?? {};
  const sources = {
    services,
    problems: problems.value,
    rollouts: rollouts.value,
    stats: stats.value,
  };
  const rows = serviceRows(sources, find.value);
  const { shown, hidden } = firstRows(rows);
  return (
    <>
      <div class="title">
        <h1>Services</h1>
        <Find />
      </div>
      <Unwell />
      <Table label="Services" kind="services" heads={HEADS}>
        {shown.map((row) => (
          <ServiceLine key={row.service.name} row={row} />
        ))}
      </Table>
      {hidden > 0 && <p class="faint">and {hidden} more: find them by name</p>}
      {table.value !== undefined && rows.length === 0 && <NoRows count={services.length} />}
    </>
  );
}

const HEADS = ["Service", "Shares", "req/s", "Errors", "p99", "State", "Rollout"];

function ServiceLine({ row }: { readonly row: ServiceRow }): JSX.Element {
  const { service, traffic, rollout } = row;
  const isBad = isTroubled(row);
  const link = <a href={hashOf({ kind: "service", name: service.name })}>{service.name}</a>;
  return (
    <Row name={link}>
      <WideCell>
        <ShareBar shares={service.shares} />
      </WideCell>
      <Cell head="req/s">{perSecondText(traffic?.rate ?? 0)}</Cell>
      <Cell head="errors">
        <Errors part={traffic?.errors} />
      </Cell>
      <Cell head="p99">{latencyText(traffic?.p99Ms)}</Cell>
      <WideCell>
        <span class={isBad ? "bad-text" : "good-text"}>{isBad ? "▲" : "●"}</span> {stateOfRow(row)}
      </WideCell>
      <Cell head="rollout" isNone={rollout === undefined}>
        {rollout === undefined ? "–" : `${rollout.to} ${rollout.phase}, ${partText(rollout.share)}`}
      </Cell>
    </Row>
  );
}

/** A part of failed requests, marked if there are many. */
export function Errors({ part }: { readonly part: number | undefined }): JSX.Element {
  const isMany = (part ?? 0) >= 0.01;
  return (
    <span class={isMany ? "bad-text strong" : ""}>
      {isMany ? "▲ " : ""}
      {partText(part)}
    </span>
  );
}

function Find(): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    keyTargets.value = { find: () => field.current?.focus() };
    return () => void (keyTargets.value = {});
  }, []);
  return (
    <label class="find">
      Find <kbd>/</kbd>
      <input
        ref={field}
        type="search"
        value={find.value}
        onInput={(event) => (find.value = event.currentTarget.value)}
      />
    </label>
  );
}

/** What is not well of the sidecar itself: services have their own line. */
function Unwell(): JSX.Element {
  const names = new Set((table.value?.services ?? []).map(({ name }) => name));
  const others = problems.value.filter(({ service = "" }) => !names.has(service));
  return (
    <ul class="problems">
      {others.map(({ code, text }) => (
        <li key={text}>
          <span class="bad-text strong">▲ {code}</span> {text}
        </li>
      ))}
    </ul>
  );
}

function NoRows({ count }: { readonly count: number }): JSX.Element {
  return (
    <p class="faint">
      {count === 0 ? "The table has no service yet." : "No service has that in its name."}
    </p>
  );
}
