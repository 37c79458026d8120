import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { wordsOf } from "./call.ts";
import { enteredToken, enterToken } from "./world.ts";

/** Asks for a token, which the API wants. It stays in this tab, and ends with it. */
export function TokenForm(): JSX.Element {
  const [text, failure] = [useSignal(""), useSignal("")];
  const send = (event: Event): void => {
    event.preventDefault();
    failure.value = "";
    enterToken(text.value.trim()).catch((error: unknown) => (failure.value = wordsOf(error)));
  };
  return (
    <form class="token" onSubmit={send}>
      <h1>Who are you?</h1>
      <p>
        {enteredToken.value === ""
          ? "This sidecar wants a token."
          : "This sidecar wants another token."}{" "}
        It is kept in this tab only, and sent to this sidecar only.
      </p>
      <label class="field">
        Token
        <input
          type="password"
          autoComplete="off"
          required
          value={text.value}
          onInput={(event) => (text.value = event.currentTarget.value)}
        />
      </label>
      <div aria-live="polite">
        {failure.value !== "" && <p class="bad-text">✕ {failure.value}</p>}
      </div>
      <div class="buttons">
        <button type="submit" class="main">
          Enter
        </button>
      </div>
    </form>
  );
}
