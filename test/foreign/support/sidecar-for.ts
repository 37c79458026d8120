import { onTestFinished } from "vitest";
import { startSidecar } from "../../support/sidecar.ts";
import type { TestSidecar } from "../../support/sidecar.ts";

/** A sidecar with one service, which goes away with the test. */
export type SidecarFor = {
  readonly sidecar: TestSidecar;
  /** `http://127.0.0.1:PORT` of its listener. */
  readonly url: string;
};

/**
 * A sidecar with one service `web` for all that comes in, with one version at these endpoints.
 * `service`: more of its keys, maybe other versions. `listener`: more of the listener's.
 */
export async function sidecarFor(
  endpoints: readonly string[],
  service: object = {},
  listener: object = {},
): Promise<SidecarFor> {
  const sidecar = await startSidecar({
    listeners: [{ bind: "127.0.0.1:0", service: "web", ...listener }],
    services: { web: { versions: { v1: { endpoints } }, ...service } },
  });
  onTestFinished(() => sidecar.stop());
  return { sidecar, url: `http://127.0.0.1:${sidecar.ports[0]}` };
}
