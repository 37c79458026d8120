/**
 * Consul's intentions for one of our services, as the primary tells them to workers: plain data
 * that is never changed in place. IntentionJudge says what follows from them.
 */

/** Whether something is allowed. */
export type IntentionAction = "allow" | "deny";

/** Whose connections an intention is about. `*` as name or namespace stands for any. */
export type IntentionSource = {
  readonly partition: string;
  readonly namespace: string;
  readonly name: string;
};

/** A condition on a request's field. The values of several lines are joined with `", "`. */
export type HeaderPermission = {
  /** In lower case. */
  readonly name: string;
  readonly is: "present" | "exact" | "prefix" | "suffix" | "contains" | "regex";
  /** "" for `present`. */
  readonly value: string;
  readonly ignoreCase: boolean;
  /** Whether the condition must not hold. */
  readonly invert: boolean;
};

/** Which requests an intention allows or denies: those for which all conditions hold. */
export type IntentionPermission = {
  readonly action: IntentionAction;
  /** undefined: any path. `prefix` compares text: /a matches /ab. */
  readonly path: { readonly is: "exact" | "prefix" | "regex"; readonly value: string } | undefined;
  /** Methods in upper case; empty: any. */
  readonly methods: readonly string[];
  readonly headers: readonly HeaderPermission[];
};

/** One intention whose destination is our service. */
export type Intention = {
  readonly source: IntentionSource;
  /** permissions: the first one that fits a request decides. */
  readonly action: IntentionAction | "permissions";
  /** Empty unless `action` is permissions. */
  readonly permissions: readonly IntentionPermission[];
};

/** All intentions, and what holds without one. */
export type Intentions = {
  /** Certificates from other trust domains are denied. */
  readonly trustDomain: string;
  /** For sources that no intention is about, and requests that no permission fits. */
  readonly defaultAction: IntentionAction;
  /** In order of precedence: the first one about a source decides. */
  readonly list: readonly Intention[];
};
