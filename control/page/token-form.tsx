import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { enteredToken, enterToken } from "./world.ts";

/** Asks for a token, which the API wants. It stays in this tab, and ends with it. */
export function TokenForm(): JSX.Element {
  const text = useSignal("");
  return (
    <form
      class="token"
      onSubmit={(event) => {
        event.preventDefault();
        enterToken(text.value.trim());
      }}
    >
      <h1>Who are you?</h1>
      <p>
        {enteredToken.value === ""
          ? "This sidecar wants a token."
          : "This sidecar does not take that token."}{" "}
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
      <div class="buttons">
        <button type="submit" class="main">
          Enter
        </button>
      </div>
    </form>
  );
}
