import type { Config } from "../config/config-schema.ts";

/** The process that needs a name. */
export type ProcessPlace = { readonly host: string; readonly pid: number };

/** What a sidecar is called in its fleet. */
export type SidecarName = {
  /** Letters, digits, `.`, `_` and `-`: part of a Consul key, and a folder. */
  readonly name: string;
  /** Whether the next start on this place has the same name. */
  readonly isLasting: boolean;
};

/**
 * The name from the configuration. Otherwise the host's name and the control API's port (or
 * socket), which no two sidecars of a host share. With port 0 there is no such name, so the process
 * id instead.
 */
export function sidecarNameOf(config: Config, { host, pid }: ProcessPlace): SidecarName {
  const given = config.consul?.sidecar;
  if (given !== undefined) return { name: given, isLasting: true };
  const { bind } = config.control;
  const port = bind.startsWith("unix:") ? bind.slice("unix:".length) : bind.split(":").at(-1);
  const isLasting = port !== "0";
  const words = `${host} ${isLasting ? port : `pid ${pid}`}`.match(/[A-Za-z0-9._]+/g) ?? [];
  return { name: words.join("-").replace(/^[._]+/, ""), isLasting };
}
