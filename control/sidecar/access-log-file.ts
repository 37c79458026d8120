import { open } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { AccessLogSpec } from "../../proxy/table/access-log-spec.ts";
import { errorText } from "../../proxy/base/error-text.ts";
import { ConfigError } from "../base/errors.ts";
import { accessLogSpec } from "../config/access-log-schema.ts";
import type { Config } from "../config/config-schema.ts";
import type { TellAccessLog } from "../workers/tell-access-log.ts";

type Reopening = { readonly configPath: string; readonly tellAccessLog: TellAccessLog };

/** As workers make it: see LineSink. */
const FILE_MODE = 0o640;

/**
 * What workers are told of the access log, whose file can be written to. undefined: there is none.
 * `configPath`: paths begin in its folder. @throws ConfigError
 */
export async function openedAccessLog(
  { accessLog }: Pick<Config, "accessLog">,
  configPath: string,
): Promise<AccessLogSpec | undefined> {
  if (accessLog === undefined) return undefined;
  const spec = accessLogSpec(accessLog, (path) => resolve(dirname(configPath), path));
  if (spec.path !== undefined) await assertWritable(spec.path, configPath);
  return spec;
}

/** Has it opened anew: it may have been moved away. If it cannot be, workers say so themselves. */
export async function reopenAccessLog(
  config: Pick<Config, "accessLog">,
  { configPath, tellAccessLog }: Reopening,
): Promise<void> {
  const spec = await openedAccessLog(config, configPath).catch(() => undefined);
  if (spec !== undefined) await tellAccessLog(spec);
}

/** Whoever reads the refusal is there now, and not when the first line is lost. */
async function assertWritable(path: string, configPath: string): Promise<void> {
  try {
    const file = await open(path, "a", FILE_MODE);
    await file.close();
  } catch (error) {
    const wanted = "a file that can be appended to, in a folder that is there";
    throw new ConfigError(configPath, [
      { path: "accessLog.path", wanted, found: `${path} (${errorText(error)})` },
    ]);
  }
}
