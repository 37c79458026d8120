/** What a key does. */
export type KeyAction = "shift" | "drain" | "pause" | "abort" | "find" | "help";

const ACTIONS: Readonly<Record<string, KeyAction>> = {
  s: "shift",
  d: "drain",
  p: "pause",
  a: "abort",
  "/": "find",
  "?": "help",
};

/** What the page looks at of a key that was pressed. */
export type Pressed = {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  /** Whether it was typed into a field that takes text. */
  readonly inText: boolean;
};

/** What a key does here. undefined: nothing, or what it does anyway. */
export function keyAction({
  key,
  ctrlKey,
  metaKey,
  altKey,
  inText,
}: Pressed): KeyAction | undefined {
  return ctrlKey || metaKey || altKey || inText ? undefined : ACTIONS[key];
}

/** Keys with what they do, for the help. */
export const KEYS_HELP: readonly (readonly [key: string, text: string])[] = [
  ["s", "shift: go to the weights of this service"],
  ["d", "drain a version of this service"],
  ["p", "pause the rollout of this service"],
  ["a", "abort: all to the stable version"],
  ["/", "find a service"],
  ["?", "this help"],
  ["Esc", "close a dialog"],
];
