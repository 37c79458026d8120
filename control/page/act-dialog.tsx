import { useSignal } from "@preact/signals";
import type { Signal } from "@preact/signals";
import type { JSX } from "preact";
import { FORCEABLE } from "./act.ts";
import type { Act } from "./act.ts";
import { CallError, wordsOf } from "./call.ts";
import { ForceBox } from "./force-box.tsx";
import { Modal } from "./modal.tsx";
import { act, announce } from "./screen.ts";
import { look } from "./world.ts";

/** Asks once more before something is done, and for the reason. */
export function ActDialog({ wanted }: { readonly wanted: Act }): JSX.Element {
  const form = useActForm(wanted);
  const { reason, field, force, failure, isForceable, isSent } = form;
  return (
    <Modal title={wanted.title} onClose={close}>
      <form method="dialog" onSubmit={form.submit}>
        <p>{wanted.text}</p>
        {wanted.field !== undefined && <Field label={wanted.field} text={field} />}
        <Field label="Reason" text={reason} hint="kept in the audit log" />
        <div aria-live="polite">
          {failure.value !== "" && <p class="bad-text">✕ {failure.value}</p>}
        </div>
        {isForceable.value && <ForceBox force={force} />}
        <div class="buttons">
          <button
            type="submit"
            class={wanted.isDangerous ? "danger" : "main"}
            disabled={isSent.value}
          >
            {wanted.label}
          </button>
          <button type="button" onClick={close}>
            Cancel
          </button>
        </div>
      </form>
    </Modal>
  );
}

type ActForm = {
  readonly reason: Signal<string>;
  readonly field: Signal<string>;
  readonly force: Signal<boolean>;
  readonly failure: Signal<string>;
  readonly isForceable: Signal<boolean>;
  readonly isSent: Signal<boolean>;
  readonly submit: (event: Event) => void;
};

function useActForm(wanted: Act): ActForm {
  const [reason, field, failure] = [useSignal(""), useSignal(""), useSignal("")];
  const [force, isForceable, isSent] = [useSignal(false), useSignal(false), useSignal(false)];
  const send = async (): Promise<void> => {
    isSent.value = true;
    try {
      const said = { reason: reason.value, field: field.value.trim(), force: force.value };
      announce(await wanted.run(said));
      close();
    } catch (error) {
      failure.value = wordsOf(error);
      if (error instanceof CallError && error.code === "revision_conflict") {
        failure.value += ". Close this, look at what has changed, and ask again.";
        // It would be sent for the same revision, and refused, again and again.
        return;
      }
      isForceable.value ||= error instanceof CallError && FORCEABLE.has(error.code);
    }
    isSent.value = false;
    void look();
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    void send();
  };
  return { reason, field, force, failure, isForceable, isSent, submit };
}

function Field(props: {
  readonly label: string;
  readonly text: Signal<string>;
  readonly hint?: string;
}): JSX.Element {
  const { label, text, hint = "" } = props;
  return (
    <label class="field">
      {label}
      <input
        value={text.value}
        placeholder={hint}
        maxLength={500}
        onInput={(event) => (text.value = event.currentTarget.value)}
      />
    </label>
  );
}

function close(): void {
  act.value = undefined;
}
