import { expect, test } from "vitest";
import type { EvidenceNote } from "../../../control/rollout/evidence-note.ts";
import { Judging } from "../../../control/rollout/judging.ts";
import { KeptEvidence } from "../../../control/rollout/kept-evidence.ts";
import type { Documents } from "../../../control/store/documents.ts";
import { MemoryDocuments } from "../../../control/store/memory-documents.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { FailingDocuments } from "./rollout-bed.ts";
import { rolloutOf } from "./specs.ts";

const ROLLOUT = rolloutOf();

function noteAt(atMs: number): EvidenceNote {
  const judging = new Judging(ROLLOUT.spec).state;
  return { id: ROLLOUT.id, atMs, untilS: 1, step: 0, endpoints: [], judging };
}

/** One sidecar's hands on it, and what it logs. */
function keeper(documents: Documents | undefined): {
  readonly kept: KeptEvidence;
  readonly clock: ManualClock;
  readonly warned: unknown[];
} {
  const warned: unknown[] = [];
  const warn = (event: string, fields?: object): void => void warned.push({ event, ...fields });
  const clock = new ManualClock();
  const log = { info: () => undefined, warn, error: () => undefined };
  return { kept: new KeptEvidence(documents, { clock, log }), clock, warned };
}

test("KeptEvidence gives another sidecar the latest, and nothing of another rollout", async () => {
  const documents = new MemoryDocuments();
  const [a, b] = [keeper(documents).kept, keeper(documents).kept];
  expect(await b.of(ROLLOUT)).toBeUndefined();
  await a.keep("web", () => noteAt(1));
  await a.keep("web", () => noteAt(2));
  expect(await b.of(ROLLOUT)).toMatchObject({ atMs: 2 });
  expect(await b.of({ ...ROLLOUT, id: "web-2" })).toBeUndefined();
});

test("KeptEvidence writes over what another one has left, when it has seen that", async () => {
  const documents = new MemoryDocuments();
  const [a, b] = [keeper(documents).kept, keeper(documents).kept];
  await a.keep("web", () => noteAt(1));
  await b.keep("web", () => noteAt(2));
  expect(await a.of(ROLLOUT)).toMatchObject({ atMs: 1 });
  await b.keep("web", () => noteAt(3));
  expect(await a.of(ROLLOUT)).toMatchObject({ atMs: 3 });
  await a.drop("web");
  expect(await b.of(ROLLOUT)).toBeUndefined();
});

test("KeptEvidence fails nothing when the store fails or hangs, and says so once", async () => {
  const documents = new FailingDocuments();
  documents.isAway = true;
  const { kept, clock, warned } = keeper(documents);
  await kept.keep("web", () => noteAt(1));
  await kept.keep("web", () => noteAt(2));
  const said = (reason: string): unknown => ({ event: "rollout.evidence-not-kept", reason });
  expect(warned).toEqual([said("The disk is full")]);
  documents.all = () => new Promise(() => undefined);
  const asked = kept.of(ROLLOUT);
  await clock.advance(2_000);
  expect(await asked).toBeUndefined();
  expect(warned.at(-1)).toEqual(said("the store hangs"));
});

test("KeptEvidence without documents keeps nothing, and asks for nothing", async () => {
  const { kept } = keeper(undefined);
  await kept.keep("web", () => {
    throw new Error("asked");
  });
  expect(await kept.of(ROLLOUT)).toBeUndefined();
});
