import { usageError } from "./cli-error.ts";

/** Where the control API is unless somebody says otherwise. */
export const DEFAULT_API = "http://127.0.0.1:9180";

/** How the address of the API may be written; `control.bind` as it stands is one of these. */
const ADDRESS_WANTED =
  "a URL such as http://127.0.0.1:9180, an address such as 127.0.0.1:9180, or unix:/PATH";

/** Where requests go. */
export type ApiAddress = {
  /** For people: as it was written, without a slash at its end. */
  readonly text: string;
  /** Whether it is reached by TLS. */
  readonly secure: boolean;
  /** undefined: by `socketPath`. */
  readonly origin: URL | undefined;
  readonly socketPath: string | undefined;
  /** What stands before each path. */
  readonly prefix: string;
};

/** Reads the address of an API. @throws CliError usage */
export function readApiAddress(written: string): ApiAddress {
  const text = written.replace(/\/+$/, "");
  const [, socketPath] = /^unix:(?:\/\/)?(\/.*)$/.exec(text) ?? [];
  if (socketPath !== undefined) {
    return { text, secure: false, origin: undefined, socketPath, prefix: "" };
  }
  const origin = URL.parse(written.includes("://") ? written : `http://${written}`);
  const secure = origin?.protocol === "https:";
  const isKnown = secure || origin?.protocol === "http:";
  const isBare = origin?.search === "" && origin.hash === "" && origin.username === "";
  if (origin === null || !isKnown || !isBare || origin.password !== "") {
    // What may be a password is not quoted: it would stand in somebody's log.
    const found = written.includes("@") ? "one with `@`" : JSON.stringify(written);
    throw usageError(
      `Cannot read the address of the API: wanted ${ADDRESS_WANTED}, found ${found}`,
    );
  }
  const prefix = origin.pathname.replace(/\/+$/, "");
  return { text, secure, origin, socketPath: undefined, prefix };
}
