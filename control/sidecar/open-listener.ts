import type { Log } from "../../proxy/base/log.ts";
import type { ListenerSnapshot } from "../../proxy/table/snapshot.ts";
import type { Workers } from "../workers/workers.ts";

/** Has all workers serve a listener, and tells where it is. @throws ListenError */
export async function openListener(
  deps: { readonly workers: Pick<Workers, "listen">; readonly log: Log },
  listener: ListenerSnapshot,
): Promise<void> {
  const address = await deps.workers.listen(listener);
  const { bind, service } = listener;
  deps.log.info("listener.open", { bind, address, service });
}
