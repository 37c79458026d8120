/** How grave a line of the log is, the gravest last. */
export const LOG_LEVELS = ["info", "warn", "error"] as const;

/** One of them. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** From which level on lines are written now. */
export class LogDial {
  level: LogLevel;

  constructor(level: LogLevel = "info") {
    this.level = level;
  }

  /** Whether a line of this level is written. */
  lets(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(this.level);
  }
}
