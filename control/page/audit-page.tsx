import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { AuditEntry } from "../records/audit-entry.ts";
import { undoAct } from "./act.ts";
import { wordsOf } from "./call.ts";
import { DIFF_LINES_MAX, diffLines } from "./diff-lines.ts";
import { may } from "./may.ts";
import { hashOf } from "./place.ts";
import { act } from "./screen.ts";
import { momentText } from "./texts.ts";
import { call, nowMs, table, whoami } from "./world.ts";

type LogState = { readonly entries: readonly AuditEntry[]; readonly failure?: string };

/** Who changed what and why, with a way back. */
export function AuditPage(): JSX.Element {
  const state = useSignal<LogState>({ entries: [] });
  const revision = table.value?.revision;
  useEffect(() => {
    void call<{ readonly entries: readonly AuditEntry[] }>("GET", "/v1/audit?limit=100").then(
      ({ entries }) => (state.value = { entries: entries.toReversed() }),
      (error: unknown) => (state.value = { entries: [], failure: wordsOf(error) }),
    );
  }, [revision]);
  const { entries, failure } = state.value;
  return (
    <>
      <div class="title">
        <h1>Audit</h1>
      </div>
      {failure !== undefined && <p class="bad-text">✕ {failure}</p>}
      {entries.length === 0 && failure === undefined && (
        <p class="faint">Nothing has been changed.</p>
      )}
      <ol class="audit">
        {entries.map((entry) => (
          <Entry key={entry.sequence} entry={entry} />
        ))}
      </ol>
    </>
  );
}

function Entry({ entry }: { readonly entry: AuditEntry }): JSX.Element {
  const { time, actor, action, service, reason, revision } = entry;
  const isKnown = table.value?.services.some(({ name }) => name === service);
  return (
    <li>
      <div class="entry">
        <time dateTime={time}>{momentText(time, nowMs.value)}</time> {actor} <b>{action}</b>{" "}
        {isKnown === true ? (
          <a href={hashOf({ kind: "service", name: service })}>{service}</a>
        ) : (
          service
        )}{" "}
        <span class="faint">→ revision {revision}</span>
        <Undo entry={entry} />
      </div>
      {reason !== undefined && <p class="reason">“{reason}”</p>}
      <Diff entry={entry} />
    </li>
  );
}

/** Changes of the table can be undone; calls that were refused and such cannot. */
const UNDONE: ReadonlySet<string> = new Set([
  "put",
  "remove",
  "shift",
  "version-state",
  "endpoint-state",
  "undo",
  "reload",
]);

function Undo({ entry }: { readonly entry: AuditEntry }): JSX.Element {
  const { action, service, revision: changed } = entry;
  const { revision } = table.value ?? {};
  const isOffered = UNDONE.has(action) && may(whoami.value, "shift", service);
  if (revision === undefined || !isOffered) return <></>;
  return (
    <button
      type="button"
      aria-label={`Undo revision ${changed}`}
      onClick={() => (act.value = undoAct(call, { service, changed, revision }))}
    >
      Undo…
    </button>
  );
}

function Diff({ entry }: { readonly entry: AuditEntry }): JSX.Element {
  const lines = diffLines(entry.before, entry.after);
  const hidden = lines.length - DIFF_LINES_MAX;
  return (
    <ul class="diff">
      {lines.slice(0, DIFF_LINES_MAX).map(({ path, before, after }) => (
        <li key={path}>
          <code>{path}</code> {before !== undefined && <del>− {before}</del>}{" "}
          {after !== undefined && <ins>+ {after}</ins>}
        </li>
      ))}
      {hidden > 0 && <li class="faint">and {hidden} more</li>}
    </ul>
  );
}
