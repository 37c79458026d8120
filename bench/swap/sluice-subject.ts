import { sluice, startSluice } from "../contenders/sluice.ts";
import type { CertificateFiles } from "../origin/certificate-files.ts";
import type { Cores } from "../system/cores.ts";
import { collectEnvironment } from "./collect.ts";
import type { RunningSubject, Subject } from "./subject.ts";

/** As short as can be: the trial is not what is measured. */
const TRIAL = "100ms";

/** Sluice with a folder of releases. */
export type RunningSluice = RunningSubject & {
  /** Swaps to a release. Resolves with the status and the text of the answer. */
  swap(release: string, trial: string): Promise<{ status: number; text: string }>;
};

/** Sluice and its swap: new workers, to which the old ones give their connections. */
export const sluiceSubject: Subject = {
  name: "sluice",
  how: "POST /v1/workers/swap",
  version: () => sluice.version(),
  start: (endpoint, cores, files) => startWithReleases({ endpoint, files }, cores),
};

/** What Sluice is in front of. `files`: it speaks TLS to clients. `releases`: a folder of them. */
type Front = {
  readonly endpoint: string;
  readonly files: CertificateFiles | undefined;
  readonly releases?: string;
};

/** Starts it. */
export async function startWithReleases(
  { endpoint, files, releases }: Front,
  cores: Cores,
): Promise<RunningSluice> {
  const tls = files && { certificates: [{ cert: files.server.cert, key: files.server.key }] };
  const config = {
    listeners: [{ bind: "127.0.0.1:0", ...(tls && { tls }) }],
    control: { bind: "127.0.0.1:0" },
    ...(releases === undefined ? {} : { releases }),
    services: { web: { idleTimeout: "1h", versions: { v1: { endpoints: [endpoint] } } } },
  };
  const running = await startSluice(config, cores, { env: collectEnvironment() });
  const swap = async (body: object): Promise<{ status: number; text: string }> => {
    const response = await fetch(`${running.api}/v1/workers/swap`, {
      method: "POST",
      headers: { "content-type": "application/json", connection: "close" },
      body: JSON.stringify(body),
    });
    return { status: response.status, text: await response.text() };
  };
  return {
    ...running,
    swap: (release, trial) => swap({ release, trial }),
    async replace() {
      const { status, text } = await swap({ trial: TRIAL });
      if (status !== 200) throw new Error(`Cannot swap: ${text}`);
    },
  };
}
