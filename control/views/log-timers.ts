import type { Log } from "../../proxy/base/log.ts";
import type { Service } from "../config/service.ts";

/** The services that should be in force. */
export interface KnownServices {
  names(): readonly string[];
  service(name: string): Service;
}

/** Logs the timers in effect for every service: with defaults filled in, in ms. */
export function logTimers(services: KnownServices, log: Log): void {
  for (const name of services.names()) {
    const { policy, drain, onShift } = services.service(name);
    const { retries: _retries, maxBodyBytes: _maxBodyBytes, ...timers } = policy;
    log.info("service.timers", {
      service: name,
      ...timers,
      onShift,
      drainSoftMs: drain.softMs,
      drainHardMs: drain.hardMs,
      drainConnectionsPerSecond: drain.connectionsPerSecond,
    });
  }
}
