import { cookieValue } from "./cookie.ts";
import { hash32, mix32 } from "./hash.ts";
import type { SplitPlace } from "./split-place.ts";
import type { CookieAffinity, ServiceSnapshot } from "./snapshot.ts";

/** What a cookie's value of ours is made of: 8 digits each for high, low, time and check. */
const VALUE_LENGTH = 32;
const TIME = 16;
const CHECK = 24;

/** The same with an epoch before the check. */
const EPOCH_VALUE_LENGTH = 40;
const EPOCH = 24;
const EPOCH_CHECK = 32;

/** A place as a client's cookie keeps it. Reused. */
export type KeptPlace = SplitPlace & {
  /** When it was given to the client, in seconds since the Unix epoch. */
  issuedS: number;
  /** The highest format of state that has been written for it. 0: nobody has said one. */
  epoch: number;
};

/**
 * How the clients of a service with cookie affinity keep their places: in a value of ours, either
 * under the configured name, or, where the application uses that name itself, under a name of our
 * own beside it.
 *
 * The value carries the place and not a version, so the split decides as it does for every other
 * key. Where versions say what they write, it carries the highest format that a version has written
 * for the client too. Its last digits say that we made it for this service and salt, which keeps
 * values of others apart (an application's `sid=deleted` is not ours). They are a check and no
 * secret: all that a forged value does is choose a version, and anybody can do that by dropping the
 * cookie until the draw is right.
 */
export class StickyCookie {
  /** The name that is configured: of the application's cookie, or of ours if it sets none. */
  readonly name: string;
  /** The name of our own cookie beside the application's; no other service has it. */
  readonly ownName: string;
  /** New sessions get a cookie. */
  readonly sets: boolean;
  /** Even answers that shared caches may store get one. */
  readonly onCacheable: boolean;
  readonly #maxAgeS: number;
  readonly #attributes: string;
  readonly #tlsAttributes: string;
  readonly #seed: number;

  constructor(affinity: CookieAffinity, service: Pick<ServiceSnapshot, "name" | "salt">) {
    this.name = affinity.name;
    this.ownName = `sluice-${service.name}`;
    this.sets = affinity.set;
    this.onCacheable = affinity.onCacheable;
    this.#maxAgeS = affinity.maxAgeS;
    this.#attributes = attributesOf(affinity);
    this.#tlsAttributes = attributesOf({ ...affinity, secure: true });
    this.#seed = hash32(service.name, hash32(service.salt, 0));
  }

  /** Reads our own cookie from a Cookie field. false: there is none, or not one of ours. */
  readOwn(field: string | undefined, kept: KeptPlace): boolean {
    const value = field === undefined ? undefined : cookieValue(field, this.ownName);
    return value !== undefined && this.read(value, kept);
  }

  /** Reads a cookie's value. false: it is not one of ours. */
  read(value: string, kept: KeptPlace): boolean {
    const hasEpoch = value.length === EPOCH_VALUE_LENGTH;
    if (!hasEpoch && value.length !== VALUE_LENGTH) return false;
    const high = hexAt(value, 0);
    const low = hexAt(value, 8);
    const issuedS = hexAt(value, TIME);
    const epoch = hasEpoch ? hexAt(value, EPOCH) : 0;
    if (high < 0 || low < 0 || issuedS < 0 || epoch < 0) return false;
    kept.high = high | 0;
    kept.low = low | 0;
    kept.issuedS = issuedS;
    kept.epoch = epoch;
    const isOurs = hexAt(value, hasEpoch ? EPOCH_CHECK : CHECK) === this.#check(kept);
    // What is not ours says nothing of what is in its place.
    if (!isOurs) kept.epoch = 0;
    return isOurs;
  }

  /** Whether so much of its time is over that the client should get it again. */
  isDue({ issuedS }: Readonly<KeptPlace>, nowS: number): boolean {
    return this.#maxAgeS > 0 && nowS - issuedS > this.#maxAgeS / 2;
  }

  /**
   * The field line that gives a client its place. `name`: `name` or `ownName`. `isOverTls`: it
   * never leaves the client in clear, whatever is configured.
   */
  line(name: string, kept: Readonly<KeptPlace>, isOverTls: boolean): string {
    const { high, low, issuedS, epoch } = kept;
    const written = epoch === 0 ? "" : hex(epoch);
    const value = hex(high) + hex(low) + hex(issuedS) + written + hex(this.#check(kept));
    const attributes = isOverTls ? this.#tlsAttributes : this.#attributes;
    return `Set-Cookie: ${name}=${value}${attributes}\r\n`;
  }

  #check({ high, low, issuedS, epoch }: Readonly<KeptPlace>): number {
    const placed = mix32(mix32(mix32(this.#seed ^ high) ^ low) ^ issuedS);
    return (epoch === 0 ? placed : mix32(placed ^ epoch)) >>> 0;
  }
}

/** No script can read it, whatever is configured: nothing but a proxy has a use for it. */
function attributesOf({ path, domain, maxAgeS, secure, sameSite }: CookieAffinity): string {
  const where = `; Path=${path}${domain === undefined ? "" : `; Domain=${domain}`}`;
  const howLong = maxAgeS === 0 ? "" : `; Max-Age=${maxAgeS}`;
  return `${where}${howLong}; HttpOnly${secure ? "; Secure" : ""}; SameSite=${sameSite}`;
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}

/** The word in the eight lower-case hexadecimal digits from `at`. -1: they are not all that. */
function hexAt(text: string, at: number): number {
  let word = 0;
  for (let index = at; index < at + 8; index += 1) {
    const code = text.charCodeAt(index);
    const isDigit = code >= 0x30 && code <= 0x39;
    if (!isDigit && !(code >= 0x61 && code <= 0x66)) return -1;
    word = word * 16 + (isDigit ? code - 0x30 : code - 0x57);
  }
  return word;
}
