/** A sidecar with the revision that it acts on. */
type Follower = { readonly sidecar: string; readonly revision: number };

/** Sidecars, those that lag most first. */
export function lastFirst<Sidecar extends Follower>(fleet: {
  readonly sidecars: readonly Sidecar[];
}): readonly Sidecar[] {
  return fleet.sidecars.toSorted(
    (one, other) => one.revision - other.revision || one.sidecar.localeCompare(other.sidecar),
  );
}

/** How far a sidecar is. `revision` 0: it acts on none yet. */
export function lagText(revision: number, newest: number): string {
  if (revision === 0) return "has no table yet";
  const behind = newest - revision;
  return behind <= 0 ? "in step" : `lags by ${behind} revision${behind === 1 ? "" : "s"}`;
}
