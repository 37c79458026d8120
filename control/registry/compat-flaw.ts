import { isDeepStrictEqual } from "node:util";
import { listed } from "../base/listed.ts";
import type { ConsulSelector } from "../config/service.ts";
import { isSelected } from "./health.ts";
import type { Instance } from "./health.ts";

/**
 * What is wrong with what the instances of a version say that it can live beside, for people: a
 * value that cannot be read, or that they differ. "": nothing. Pure.
 */
export function compatFlaw(instances: readonly Instance[], selector: ConsulSelector): string {
  const meant = instances.filter((each) => isSelected(each, selector));
  const unread = meant.flatMap(({ declared }) => declared.flaws);
  const said = meant.flatMap(({ declared }) => declared.compat ?? []);
  const differ = said.some((each) => !isDeepStrictEqual(each, said[0]));
  const flaws = [...new Set(unread)].map((flaw) => `cannot read ${flaw}`);
  return listed([...(differ ? ["instances differ in what they read or write"] : []), ...flaws]);
}
