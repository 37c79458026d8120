import type { JSX } from "preact";
import { partText } from "./texts.ts";

/** How many looks versions have: see page.css. */
const LOOKS = 6;

/** The class of a version's look, by its place among the service's versions. */
export function lookOf(names: readonly string[], version: string): string {
  return `look-${Math.max(0, names.indexOf(version)) % LOOKS}`;
}

/** Shares as a bar; in words for who does not see it. */
export function ShareBar({
  shares,
}: {
  readonly shares: Readonly<Record<string, number>>;
}): JSX.Element {
  const names = Object.keys(shares);
  const parts = Object.entries(shares).filter(([, share]) => share > 0);
  const label = parts.map(([name, share]) => `${name} ${partText(share)}`).join(", ");
  return (
    <div class="bar" role="img" aria-label={label === "" ? "no version has a share" : label}>
      {parts.map(([name, share]) => (
        <span key={name} class={`part ${lookOf(names, name)}`} style={{ flexGrow: share * 1000 }}>
          {name} <span>{partText(share)}</span>
        </span>
      ))}
    </div>
  );
}
