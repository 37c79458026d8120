import { setFlagsFromString } from "node:v8";

/**
 * From so many services on, the space for young objects may grow. By then they take as much memory
 * as that space may come to, and a change of the table makes so many objects that a small space is
 * collected dozens of times.
 */
export const MANY_SERVICES = 500;

/** How much larger V8 makes the space at a time: 1 keeps it as it is, 2 is V8's own. */
const FLAG = "--semi-space-growth-factor";

/**
 * Keeps the space for young objects at its initial size. The control process allocates little and
 * lives long; V8 would let each half grow to 16 MiB, which takes 15 MiB more at rest. To be called
 * before modules are loaded. Workers let the space grow: a smaller one would cost them processor
 * time.
 */
export function keepYoungSpaceSmall(): void {
  setFlagsFromString(`${FLAG}=1`);
}

/** Lets the space grow if there are MANY_SERVICES, for as long as the process lives. */
export function fitYoungSpace(services: number): void {
  if (services >= MANY_SERVICES) setFlagsFromString(`${FLAG}=2`);
}
