import type { ExchangeDeps } from "../exchange/deps.ts";
import { REFUSED_STATUS } from "../exchange/respond.ts";
import type { RefusedHead } from "../exchange/witness.ts";
import type { Refusal } from "../http1/refusal.ts";
import type { Peer } from "../transport/peer.ts";

/** Whose request it was. */
type Refused = {
  readonly peer: Peer;
  readonly service: string | undefined;
  readonly protocol: RefusedHead["protocol"];
};

/** Counts and tells that a request was refused before it was an exchange. */
export function noteRefusedHead(
  { refusals, localReplies, witness }: ExchangeDeps,
  refusal: Refusal,
  { peer, service, protocol }: Refused,
): void {
  refusals.request(refusal, service, peer.address);
  localReplies.add(service ?? "", REFUSED_STATUS);
  const about = { client: peer.address, service: service ?? "", protocol };
  witness.exchanges?.headRefused({ ...about, ...refusal });
}
