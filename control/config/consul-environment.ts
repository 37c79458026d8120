import { isRecord } from "../base/record-of.ts";
import type { Environment } from "./environment.ts";
import { AGENT_WANTED, isAgentAddress } from "./consul-schema.ts";
import type { Flaw } from "./problems.ts";

type Values = Readonly<Record<string, unknown>>;

/** `consul:` with what the file leaves out, and what cannot be used of the environment. */
export type ConsulWithEnvironment = { readonly consul: Values; readonly flaws: readonly Flaw[] };

/** As Go reads a boolean, and so Consul's own programs. */
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...["1", "t", "T", "true", "True", "TRUE"].map((text) => [text, true] as const),
  ...["0", "f", "F", "false", "False", "FALSE"].map((text) => [text, false] as const),
]);

/**
 * Fills in the keys of `consul:` that the file leaves out from the variables of Consul's own
 * programs (developer.hashicorp.com/consul/commands, "Environment Variables"); an empty variable
 * is none. What we cannot do as they would is a flaw and not ignored, so that no token goes
 * another way than somebody meant.
 */
export function withConsulEnvironment(
  consul: Values,
  environment: Environment,
): ConsulWithEnvironment {
  const own = (name: string): string | undefined => environment[name] || undefined;
  const tls = isRecord(consul["tls"]) ? consul["tls"] : {};
  const ssl = booleanOf(own, "CONSUL_HTTP_SSL", ["consul", "address"]);
  const verify = booleanOf(own, "CONSUL_HTTP_SSL_VERIFY", ["consul", "tls", "insecure"]);
  const address = addressOf(consul, own("CONSUL_HTTP_ADDR"), ssl.value === true);
  const filled: Record<string, unknown> = {
    ...valuesOf(own, { namespace: "CONSUL_NAMESPACE", partition: "CONSUL_PARTITION" }),
    ...tokenOf(consul, own),
    ...consul,
    ...(address.value !== undefined && { address: address.value }),
  };
  const filledTls = {
    ...valuesOf(own, { ca: "CONSUL_CACERT", serverName: "CONSUL_TLS_SERVER_NAME" }),
    ...certOf(tls, own),
    ...(verify.value === false && { insecure: true }),
    ...tls,
  };
  const hasTls = Object.keys(filledTls).length > 0;
  return {
    consul: {
      ...filled,
      // What is no object is left for the schema to refuse.
      ...(hasTls && (filled["tls"] === undefined || isRecord(filled["tls"])) && { tls: filledTls }),
    },
    flaws: [...ssl.flaws, ...verify.flaws, ...address.flaws, ...unsupported(own, filledTls)],
  };
}

type Own = (name: string) => string | undefined;
type Found<Value> = { readonly value: Value | undefined; readonly flaws: readonly Flaw[] };

/** The file's address, else the variable's; never without TLS where that was asked for. */
function addressOf({ address }: Values, variable: string | undefined, ssl: boolean): Found<string> {
  const path = ["consul", "address"];
  if (address !== undefined) {
    const isPlain = typeof address === "string" && address.startsWith("http://");
    const wanted = "an https:// URL, as CONSUL_HTTP_SSL is true";
    const flaw = { path, wanted, found: "one with http://" };
    return { value: undefined, flaws: ssl && isPlain ? [flaw] : [] };
  }
  if (variable === undefined) {
    return { value: ssl ? "https://127.0.0.1:8500" : undefined, flaws: [] };
  }
  const url = variable.includes("://") ? variable : `http://${variable}`;
  if (isAgentAddress(url)) {
    return { value: ssl ? url.replace(/^http:/, "https:") : url, flaws: [] };
  }
  const wanted = `host:port, or ${AGENT_WANTED}`;
  const found = variable.includes("@") ? "one with a user" : JSON.stringify(variable.slice(0, 60));
  return { value: undefined, flaws: [{ path, wanted, found: `CONSUL_HTTP_ADDR ${found}` }] };
}

/** As with Consul's own programs the file's token comes before the text of one. */
function tokenOf(consul: Values, own: Own): Values {
  if (consul["token"] !== undefined || consul["tokenFile"] !== undefined) return {};
  return own("CONSUL_HTTP_TOKEN_FILE") === undefined
    ? valuesOf(own, { token: "CONSUL_HTTP_TOKEN" })
    : valuesOf(own, { tokenFile: "CONSUL_HTTP_TOKEN_FILE" });
}

/** A certificate and another one's key do not fit. */
function certOf(tls: Values, own: Own): Values {
  if (tls["cert"] !== undefined || tls["key"] !== undefined) return {};
  return valuesOf(own, { cert: "CONSUL_CLIENT_CERT", key: "CONSUL_CLIENT_KEY" });
}

/** Those of these variables that are set, by the key that each fills in. */
function valuesOf(own: Own, names: Readonly<Record<string, string>>): Values {
  const values = Object.entries(names).map(([key, name]) => [key, own(name)] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

function booleanOf(own: Own, name: string, path: readonly string[]): Found<boolean> {
  const text = own(name);
  if (text === undefined) return { value: undefined, flaws: [] };
  const value = BOOLEANS.get(text);
  const found = JSON.stringify(text.slice(0, 60));
  const flaw = { path, wanted: `${name} to be true or false`, found };
  return { value, flaws: value === undefined ? [flaw] : [] };
}

function unsupported(own: Own, tls: Values): readonly Flaw[] {
  const path = ["consul", "tls", "ca"];
  const auth = {
    path: ["consul"],
    wanted: "CONSUL_HTTP_AUTH to be unset, as Sluice has no user and password for Consul",
    found: "a hidden value",
  };
  const folder = {
    path,
    wanted: "a file (CONSUL_CACERT), as Sluice reads no folder of certificates",
    found: "CONSUL_CAPATH",
  };
  return [
    ...(own("CONSUL_HTTP_AUTH") === undefined ? [] : [auth]),
    ...(own("CONSUL_CAPATH") === undefined || tls["ca"] !== undefined ? [] : [folder]),
  ];
}
