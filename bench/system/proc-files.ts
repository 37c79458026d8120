/** Length of a processor-time tick in /proc: USER_HZ is 100 on every Linux (proc(5)). */
const TICK_US = 10_000;
/** Where the fields after the program's name begin in /proc/PID/stat: with field 3 (proc(5)). */
const FIRST_FIELD = 3;

/** Processor time of a process with all of its threads, dead ones too, in microseconds. */
export type CpuTime = { readonly userUs: number; readonly systemUs: number };

/** What /proc/PID/stat tells us. */
export type ProcessStat = CpuTime & { readonly parentPid: number };

/**
 * Reads a /proc/PID/stat line. The program's name stands in parentheses and may hold any character,
 * even parentheses: fields are counted from the last one.
 * @throws SyntaxError when it is not such a line.
 */
export function parseProcessStat(text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const field = (number: number): number => Number(fields[number - FIRST_FIELD] ?? Number.NaN);
  const stat = { parentPid: field(4), userUs: field(14) * TICK_US, systemUs: field(15) * TICK_US };
  if (Object.values(stat).every(Number.isSafeInteger)) return stat;
  throw new SyntaxError(`Cannot read /proc/PID/stat: wanted its fields, found "${text}"`);
}

/**
 * Reads one value of /proc/PID/smaps_rollup, such as `Pss`, in bytes.
 * @throws SyntaxError when it is not there.
 */
export function parseSmapsRollup(text: string, name: string): number {
  const kibibytes = new RegExp(`^${name}: *(\\d+) kB$`, "m").exec(text)?.[1];
  if (kibibytes !== undefined) return Number(kibibytes) * 1024;
  throw new SyntaxError(`Cannot read smaps_rollup: wanted ${name}, found none`);
}

/** Processor time of a whole machine since it started, in ticks. */
export type MachineTime = { readonly total: number; readonly steal: number };

/**
 * Reads the first line of /proc/stat. `steal`: what a hypervisor gave to other machines.
 * @throws SyntaxError when it is not there.
 */
export function parseMachineTime(text: string): MachineTime {
  const line = /^cpu +(\d[\d ]*)$/m.exec(text)?.[1];
  if (line === undefined) throw new SyntaxError("Cannot read /proc/stat: wanted cpu, found none");
  const ticks = line.trim().split(/ +/).map(Number);
  // guest and guest_nice, the last two, are part of user and nice already.
  const total = ticks.slice(0, 8).reduce((sum, value) => sum + value, 0);
  return { total, steal: ticks[7] ?? 0 };
}

/**
 * Reads a list of processors such as `0-3,6`, as in Cpus_allowed_list of /proc/PID/status.
 * @throws SyntaxError when it is not one.
 */
export function parseCpuList(text: string): number[] {
  return text
    .trim()
    .split(",")
    .flatMap((part) => {
      const bounds = /^(\d+)(?:-(\d+))?$/.exec(part);
      if (bounds === null) throw new SyntaxError(`Cannot read processors: found "${text}"`);
      const first = Number(bounds[1]);
      const last = Number(bounds[2] ?? bounds[1]);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
}
