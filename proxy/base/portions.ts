/**
 * The items in their order, in portions whose sizes add up to at most `sizeMax`; an item that is
 * larger is a portion of its own. `sizeOf`: at least 0. No items: no portions.
 */
export function portions<Item>(
  items: Iterable<Item>,
  sizeOf: (item: Item) => number,
  sizeMax: number,
): Item[][] {
  const all: Item[][] = [];
  let size = Infinity;
  for (const item of items) {
    const own = sizeOf(item);
    if (size + own > sizeMax) {
      all.push([]);
      size = 0;
    }
    all.at(-1)?.push(item);
    size += own;
  }
  return all;
}
