import { EndsServiceError } from "../base/errors.ts";

/** What tells whether somebody takes a process's end for the end of the service. */
export type ProcessOrigin = {
  readonly pid: number;
  /** Of the parent at the start: that of an orphan changes. */
  readonly parentPid: number;
  readonly env: NodeJS.ProcessEnv;
};

/** This process, as it was started. Taken when the module is loaded, before it can be orphaned. */
export const ownOrigin: ProcessOrigin = {
  pid: process.pid,
  parentPid: process.ppid,
  env: process.env,
};

/**
 * Makes sure that the service goes on when this process ends, as it does after an upgrade.
 *
 * It does not for PID 1; for a child of PID 1, which is a service of systemd or of a container's
 * init (tini, docker-init); and for the main process of any other systemd, such as a user's, which
 * systemd names in SYSTEMD_EXEC_PID (systemd.exec(5)); unless it follows (`isFollowed`) when it is
 * told of another main process. A process that took another's place has that one as its parent.
 * @throws EndsServiceError
 */
export function assertServiceOutlives(
  { pid, parentPid, env }: ProcessOrigin,
  isFollowed = false,
): void {
  if (pid === 1) throw new EndsServiceError("PID 1, whose end is that of its container");
  if (env["SYSTEMD_EXEC_PID"] === String(pid)) {
    if (isFollowed) return;
    throw new EndsServiceError("systemd's main process of the service");
  }
  if (parentPid === 1) {
    throw new EndsServiceError("a child of PID 1, which takes its end for that of the service");
  }
}
