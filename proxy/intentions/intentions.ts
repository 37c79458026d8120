/**
 * Consul's intentions for one service of ours, as the primary tells them to workers: plain data,
 * never changed in place. IntentionJudge says what follows from them.
 */

/** Whether somebody may. */
export type IntentionAction = "allow" | "deny";

/** Whose connections an intention is about. `*` as a name or a namespace stands for any. */
export type IntentionSource = {
  readonly partition: string;
  readonly namespace: string;
  readonly name: string;
};

/** What a field of a request must be. A field with several lines has their values with `", "`. */
export type HeaderPermission = {
  /** Lower case. */
  readonly name: string;
  readonly is: "present" | "exact" | "prefix" | "suffix" | "contains" | "regex";
  /** "" with `present`. */
  readonly value: string;
  readonly ignoreCase: boolean;
  /** It must not be so. */
  readonly invert: boolean;
};

/** Requests that an intention allows or denies. All of its conditions must hold. */
export type IntentionPermission = {
  readonly action: IntentionAction;
  /** undefined: any path. `prefix` is one of the text: /a matches /ab. */
  readonly path: { readonly is: "exact" | "prefix" | "regex"; readonly value: string } | undefined;
  /** Upper-case methods; empty: any. */
  readonly methods: readonly string[];
  readonly headers: readonly HeaderPermission[];
};

/** One intention whose destination is our service. */
export type Intention = {
  readonly source: IntentionSource;
  /** permissions: the first of them that fits a request says what it may. */
  readonly action: IntentionAction | "permissions";
  /** Empty unless `action` is permissions. */
  readonly permissions: readonly IntentionPermission[];
};

/** All of them, and what holds without one. */
export type Intentions = {
  /** Certificates of other trust domains are denied. */
  readonly trustDomain: string;
  /** For sources that no intention is about, and requests that no permission fits. */
  readonly defaultAction: IntentionAction;
  /** In the order in which they count: the first that is about a source decides. */
  readonly list: readonly Intention[];
};
