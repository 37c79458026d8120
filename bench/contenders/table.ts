import { caddy } from "./caddy.ts";
import type { Contender } from "./contender.ts";
import { direct } from "./direct.ts";
import { envoy } from "./envoy.ts";
import { haproxy, haproxyTcp } from "./haproxy.ts";
import { nginx } from "./nginx.ts";
import { nodeContenders } from "./node-contenders.ts";
import { sluice, sluicePlain } from "./sluice.ts";

/** Everything that is compared, in the order of the report. */
export const CONTENDERS: readonly Contender[] = [
  direct,
  sluice,
  sluicePlain,
  nginx,
  haproxy,
  haproxyTcp,
  envoy,
  caddy,
  ...nodeContenders,
];
