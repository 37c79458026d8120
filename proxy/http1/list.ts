/**
 * Lists in field values (RFC 9110 section 5.6.1), for the few fields whose elements matter to us.
 */

/** Whether the list `value` has the element `lower`, in any case, ignoring parameters. */
export function listHas(value: string, lower: string): boolean {
  return value
    .toLowerCase()
    .split(",")
    .some((element) => element.split(";", 1)[0]?.trim() === lower);
}

/** Whether a CDN-Loop list holds a proxy of this name (RFC 8586 section 2), parameters aside. */
export function loopNames(value: string, pseudonym: string): boolean {
  return (
    value.includes(pseudonym) &&
    value.split(",").some((element) => element.split(";", 1)[0]?.trim() === pseudonym)
  );
}
