import type { Log, LogFields } from "../../proxy/base/log.ts";
import type { Policy } from "../../proxy/table/snapshot.ts";
import type { Service } from "../config/service.ts";

/** The services that should be in force. */
export interface KnownServices {
  names(): readonly string[];
  service(name: string): Service;
}

/** Logs the timers in effect for every service: with defaults filled in, in ms. */
export function logTimers(services: KnownServices, log: Log): void {
  for (const name of services.names()) {
    const { policy, drain, onShift, tcp } = services.service(name);
    log.info("service.timers", {
      service: name,
      ...(tcp === undefined ? timersOfHttp(policy) : timersOfTcp(policy)),
      onShift,
      drainSoftMs: drain.softMs,
      drainHardMs: drain.hardMs,
      drainConnectionsPerSecond: drain.connectionsPerSecond,
    });
  }
}

function timersOfHttp(policy: Policy): LogFields {
  const { retries: _retries, maxBodyBytes: _maxBodyBytes, buffer: _buffer, ...rest } = policy;
  const { hedge: _hedge, mirror: _mirror, deadlineField: _deadlineField, ...timers } = rest;
  return timers;
}

/** Others mean nothing for connections that are passed on as they are. */
function timersOfTcp({ connectTimeoutMs, tunnelIdleTimeoutMs, headTimeoutMs }: Policy): LogFields {
  return { connectTimeoutMs, tunnelIdleTimeoutMs, headTimeoutMs };
}
