/**
 * What a route does with a request or an answer itself, as plain data: see docs/rewriting.md. All
 * names of fields are in lower case, and all texts can be sent as they are.
 */

/** Field lines that a head loses, and those that it gets in their place. */
export type FieldEdits = {
  /** Names whose lines go. Those of `added` that take the place of others are among them. */
  readonly removed: readonly string[];
  /** Pairs of name and value, in the order in which they are sent. */
  readonly added: readonly (readonly [name: string, value: string])[];
};

/** Another target or host for the endpoint. undefined: as it came. */
export type TargetRewrite = {
  /** Takes the place of the path that the route matches, in normal form. */
  readonly path: string | undefined;
  /** With its port, if it has one. */
  readonly host: string | undefined;
};

/** Where a client is sent instead. What is undefined stays as in its request. */
export type RedirectSnapshot = {
  readonly scheme: "http" | "https" | undefined;
  readonly host: string | undefined;
  /** Without it a redirect to another scheme or host goes to that scheme's own port. */
  readonly port: number | undefined;
  /** As in TargetRewrite. */
  readonly path: string | undefined;
  readonly status: number;
};

/** An answer that needs no endpoint. */
export type FixedAnswer = {
  readonly status: number;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: string;
};

/** Which scripts of other sites browsers let read the answers (Fetch, section 3.3). */
export type CorsPolicy = {
  /** `https://shop.example`, `https://*.shop.example`; `*`: any. */
  readonly origins: readonly string[];
  readonly methods: readonly string[];
  /** Fields that a request may have. */
  readonly headers: readonly string[];
  /** Fields of an answer that a script may read. */
  readonly exposed: readonly string[];
  readonly credentials: boolean;
  /** How long a browser may remember a preflight's answer, in seconds. */
  readonly maxAgeS: number;
};

/** What goes wrong on purpose, each in so many of 100 requests: 0 … 100, with fractions. */
export type FaultPolicy = {
  /** They wait for so long before they go on. */
  readonly delay: { readonly percent: number; readonly forMs: number } | undefined;
  /** They get this status in the place of an answer. */
  readonly abort: { readonly percent: number; readonly status: number } | undefined;
};

/** All of it. Absent: the route does no such thing. */
export type RouteActions = {
  readonly rewrite?: TargetRewrite | undefined;
  readonly request?: FieldEdits | undefined;
  readonly response?: FieldEdits | undefined;
  readonly redirect?: RedirectSnapshot | undefined;
  readonly answer?: FixedAnswer | undefined;
  readonly cors?: CorsPolicy | undefined;
  readonly faults?: FaultPolicy | undefined;
};
