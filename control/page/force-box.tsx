import type { Signal } from "@preact/signals";
import type { JSX } from "preact";

/** Does what was refused for a reason that may be overruled. `force`: whether it is ticked. */
export function ForceBox({ force }: { readonly force: Signal<boolean> }): JSX.Element {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={force.value}
        onChange={(event) => (force.value = event.currentTarget.checked)}
      />
      Do it anyway (needs a reason)
    </label>
  );
}
