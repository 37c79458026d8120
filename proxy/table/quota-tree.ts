import type { Random } from "../base/random.ts";

/** A version's part, and what an earlier tree owed it, in picks. */
export type Quota = { readonly weight: number; readonly lag: number };

/**
 * Weights are scaled up to about this sum, so that lags that are carried over lose less than 2^-23
 * of a pick to rounding; and not further, so that products of a lag and a weight stay exact.
 */
const UNITS = 2 ** 24;

type Node = {
  readonly weight: number;
  /** Units that the versions below are owed: n × weight − picks × sum. */
  lag: number;
  /** Place in the quotas. -1: a pair. */
  readonly index: number;
  readonly smaller: Node | undefined;
  readonly larger: Node | undefined;
  parent: Node | undefined;
  /** A pair: where in its current turn the smaller one is due, 0 … 1. */
  dueAt: number;
};

/**
 * The sequence of picks for fixed weights: jittered systematic sampling, version against version.
 *
 * Two versions: time is cut into turns of length 1 / share of the smaller one, and in each turn it
 * is picked once, at a random place: when what it is owed passes a threshold that is drawn anew
 * each turn. The larger one has all other picks. Wherever the place, the smaller one is owed more
 * than -1 and less than 1, the larger one the opposite; and each single pick has the exact
 * probability.
 *
 * More versions: a tree of such pairs. The two lightest are joined first (Huffman 1952), and a pair
 * decides only when it is picked itself. Single picks stay exact: the pairs are independent, and
 * the shares along a path multiply. Deviations add up, damped by those shares: mostly below 1.
 *
 * Two rules make the bound of 2 hold always. With two versions they never decide; with more, they
 * decided at most 2 picks in a hundred of any weights tried, mostly none, and moved the probability
 * of a single pick by less than 0.01.
 * (a) A version owed 1 or more is overdue. One alone may wait while it stays within 2. Of several,
 * the one that would be first to pass 2 is picked. It is enough: an overdue pick has the time 1 /
 * share until then, and these spans of one version do not overlap, so any d picks in a row have at
 * most sum floor(d × share) <= d to bring; one that has waited adds f < 1 to its term, and floor(x
 * + f) <= ceil(x) keeps the sum at d. Then earliest deadline first misses none (Liu and Layland
 * 1973; the problem is Tijdeman's chairman assignment, 1980).
 * (b) A version owed -1 or less is not picked, so none falls to -2.
 */
export class QuotaTree {
  readonly #random: Random;
  readonly #nodes: readonly Node[];
  readonly #leaves: readonly Node[];
  readonly #root: Node | undefined;
  readonly #sum: number;

  constructor(quotas: readonly Quota[], random: Random) {
    this.#random = random;
    this.#leaves = leaves(quotas);
    this.#sum = total(this.#leaves, "weight");
    this.#nodes = withPairs(this.#leaves);
    this.#root = this.#nodes.at(-1);
    for (const node of this.#nodes) this.#draw(node);
  }

  /** The index of the next pick. -1: there is no weight. Allocates nothing. */
  next(): number {
    if (!this.#root) return -1;
    for (const node of this.#nodes) node.lag += node.weight;
    const picked = this.#forced() ?? this.#descend(this.#root);
    this.#take(picked);
    return picked.index;
  }

  /** What the version at this place is owed, in picks: n × share − picks so far. */
  lag(index: number): number {
    const leaf = this.#leaves.find((node) => node.index === index);
    return leaf ? leaf.lag / this.#sum : 0;
  }

  /** The version that must be picked now for the bound of 2. undefined: the tree is free. */
  #forced(): Node | undefined {
    let first: Node | undefined;
    let overdue = 0;
    for (const leaf of this.#leaves) {
      if (leaf.lag < this.#sum) continue;
      overdue += 1;
      if (!first || this.#isEarlier(leaf, first)) first = leaf;
    }
    if (!first) return undefined;
    const canWait = overdue === 1 && first.lag + first.weight <= 2 * this.#sum;
    return canWait ? undefined : first;
  }

  /** Whether it reaches 2 before the other: (2 × sum - lag) / weight, without dividing. */
  #isEarlier(one: Node, other: Node): boolean {
    const limit = 2 * this.#sum;
    return (limit - one.lag) * other.weight < (limit - other.lag) * one.weight;
  }

  #descend(root: Node): Node {
    let node = root;
    while (node.smaller && node.larger) {
      node = this.#owed(node, node.smaller, node.larger) > node.dueAt ? node.smaller : node.larger;
    }
    return node.lag > -this.#sum ? node : this.#mostOwed();
  }

  /** What the smaller of a pair is owed of the pair's picks, the coming one included, in picks. */
  #owed(pair: Node, smaller: Node, larger: Node): number {
    const ahead = smaller.lag * larger.weight - larger.lag * smaller.weight;
    return (ahead / this.#sum + smaller.weight) / pair.weight;
  }

  #mostOwed(): Node {
    return this.#leaves.reduce((most, leaf) => (leaf.lag > most.lag ? leaf : most));
  }

  /** Books a pick on the version and every pair above it. */
  #take(picked: Node): void {
    for (let node: Node | undefined = picked; node; node = node.parent) node.lag -= this.#sum;
    for (let node = picked; node.parent; node = node.parent) {
      if (node === node.parent.smaller) this.#draw(node.parent);
    }
  }

  /**
   * Draws where in its next turn the smaller one is due: uniformly, with one exception. The pick in
   * which the old turn ends (with its part `before`) and the next begins (with its part `after`)
   * can go to the smaller one for either, not for both. So when the old turn got that pick, the
   * place is in the rest of the next turn; when not, it is in `after` with just so much more
   * probability, after / (1 - before), that the pick keeps its exact one.
   */
  #draw(pair: Node): void {
    const { smaller, larger } = pair;
    if (!smaller || !larger) return;
    const share = smaller.weight / pair.weight;
    const owed = this.#owed(pair, smaller, larger) - share;
    if (owed > 0) {
      pair.dueAt = owed + Math.max(0, 1 - owed) * this.#random.next();
      return;
    }
    const before = -owed % share;
    const after = share - before;
    const place = this.#random.next() * (1 - before);
    pair.dueAt = place < after ? place : after + ((place - after) * (1 - after)) / (1 - share);
  }
}

/** A node for each version with weight. What others took with them is shared out. */
function leaves(quotas: readonly Quota[]): readonly Node[] {
  const sum = total(quotas, "weight");
  const scale = Math.max(1, Math.floor(UNITS / sum));
  const nodes = quotas.flatMap((quota, index) =>
    quota.weight > 0
      ? [makeNode(quota.weight * scale, Math.round(quota.lag * sum * scale), index)]
      : [],
  );
  const missing = total(nodes, "lag") / sum;
  for (const leaf of nodes) leaf.lag -= Math.round((missing * leaf.weight) / scale);
  const first = nodes[0];
  if (first) first.lag -= total(nodes, "lag");
  return nodes;
}

/** The leaves and the pairs over them; the root is the last. */
function withPairs(versions: readonly Node[]): readonly Node[] {
  const all = [...versions];
  const loose = [...versions];
  while (loose.length > 1) {
    loose.sort((a, b) => b.weight - a.weight);
    const [larger, smaller] = loose.splice(-2) as [Node, Node];
    const pair = makeNode(smaller.weight + larger.weight, smaller.lag + larger.lag, -1, [
      smaller,
      larger,
    ]);
    smaller.parent = pair;
    larger.parent = pair;
    loose.push(pair);
    all.push(pair);
  }
  return all;
}

function makeNode(
  weight: number,
  lag: number,
  index: number,
  [smaller, larger]: readonly Node[] = [],
): Node {
  return { weight, lag, index, smaller, larger, parent: undefined, dueAt: 0.5 };
}

function total<Key extends string>(items: readonly Record<Key, number>[], key: Key): number {
  return items.reduce((sum, item) => sum + item[key], 0);
}
