import type { ComponentChildren, JSX } from "preact";

/*
 * Tables that become cards on small screens. Their roles are written out, since browsers forget
 * them where `display` says something else.
 */

/** A table. A head of "" is that of a column of buttons. */
export function Table(props: {
  readonly label: string;
  readonly kind: string;
  readonly heads: readonly string[];
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <table role="table" class={props.kind} aria-label={props.label}>
      <thead>
        <tr role="row">
          {props.heads.map((head) => (
            <th key={head} scope="col" role="columnheader">
              {head === "" ? <span class="unseen">Actions</span> : head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{props.children}</tbody>
    </table>
  );
}

/** A row. `name`: what it is about. */
export function Row(props: {
  readonly name: ComponentChildren;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <tr role="row">
      <th scope="row" role="rowheader">
        {props.name}
      </th>
      {props.children}
    </tr>
  );
}

/**
 * A short value. `head`: what it is, where the heads of columns are not seen. `isNone`: there is
 * nothing to say, so that a card leaves it out.
 */
export function Cell(props: {
  readonly head: string;
  readonly isNone?: boolean;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <td role="cell" class={props.isNone === true ? "number none" : "number"} data-head={props.head}>
      {props.children}
    </td>
  );
}

/** One that takes a line of its own on a small screen. `span`: columns. */
export function WideCell(props: {
  readonly span?: number;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <td role="cell" class="wide" colSpan={props.span ?? 1}>
      {props.children}
    </td>
  );
}
