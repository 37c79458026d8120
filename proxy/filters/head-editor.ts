import { isBlank } from "../http1/bytes.ts";
import { FilterMisuseError, checkFieldName, checkFieldValue } from "./field-rules.ts";

/**
 * Largest head after a filter's changes, in bytes: the largest head that we accept and half as much
 * again.
 */
const HEAD_BYTES_MAX = 96 * 1024;

/** The lines of a head between start line and empty line, as they are at one moment. */
export type HeadLines = readonly string[];

/**
 * Changes the fields of a head that is finished, as latin1 text with its final CRLF. It checks
 * everything: no text can end a line, and no field that Sluice itself writes can be changed.
 */
export class HeadEditor {
  readonly #text: string;
  readonly #start: string;
  readonly #lines: HeadLines;
  #edited: HeadLines;

  constructor(text: string) {
    const [start = "", ...lines] = text.slice(0, -4).split("\r\n");
    this.#text = text;
    this.#start = start;
    this.#lines = lines;
    this.#edited = lines;
  }

  /** The lines as they are now; assign them to return to this state. */
  get lines(): HeadLines {
    return this.#edited;
  }

  set lines(lines: HeadLines) {
    this.#edited = lines;
  }

  /** The head with all changes. */
  toText(): string {
    if (this.#edited === this.#lines) return this.#text;
    return `${[this.#start, ...this.#edited].join("\r\n")}\r\n\r\n`;
  }

  /** The values of all lines with this name in any case, joined. undefined: none. */
  value(name: string): string | undefined {
    const values = this.#edited.filter((line) => isNamed(line, name)).map(valueOf);
    const separator = name.toLowerCase() === "cookie" ? "; " : ", ";
    return values.length === 0 ? undefined : values.join(separator);
  }

  /**
   * Replaces all lines with this name by one, at the place of the first. @throws FilterMisuseError.
   */
  set(name: string, value: string): void {
    const line = lineOf(name, value);
    const first = this.#edited.findIndex((each) => isNamed(each, name));
    if (first === -1) return this.#take([...this.#edited, line]);
    const others = this.#edited.filter((each, index) => index === first || !isNamed(each, name));
    return this.#take(others.with(first, line));
  }

  /** Adds a line. @throws FilterMisuseError. */
  append(name: string, value: string): void {
    this.#take([...this.#edited, lineOf(name, value)]);
  }

  /** Removes all lines with this name. @throws FilterMisuseError. */
  remove(name: string): void {
    checkFieldName(name);
    const kept = this.#edited.filter((line) => !isNamed(line, name));
    if (kept.length < this.#edited.length) this.#edited = kept;
  }

  #take(lines: HeadLines): void {
    const bytes = lines.reduce((sum, line) => sum + line.length + 2, this.#start.length + 4);
    if (bytes > HEAD_BYTES_MAX) {
      const wanted = `at most ${HEAD_BYTES_MAX} bytes`;
      throw new FilterMisuseError(
        `Cannot write header: wanted a head of ${wanted}, found ${bytes}`,
      );
    }
    this.#edited = lines;
  }
}

/** A whole field line, without its CRLF. @throws FilterMisuseError. */
export function lineOf(name: string, value: string): string {
  checkFieldName(name);
  checkFieldValue(name, value);
  return `${name}: ${value}`;
}

function isNamed(line: string, name: string): boolean {
  if (line.charCodeAt(name.length) !== 0x3a) return false;
  return line.startsWith(name) || line.slice(0, name.length).toLowerCase() === name.toLowerCase();
}

/** Without the whitespace around it: SP and HTAB, and nothing else (RFC 9110 section 5.6.3). */
function valueOf(line: string): string {
  let start = line.indexOf(":") + 1;
  let end = line.length;
  while (start < end && isBlank(line.charCodeAt(start))) start += 1;
  while (end > start && isBlank(line.charCodeAt(end - 1))) end -= 1;
  return line.slice(start, end);
}
