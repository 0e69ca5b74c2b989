/**
 * taps.js - expands a caller's tap to taps of one layer and one head each.
 */
import { ANY, badArgument, checkOptions, describe, integer, reading } from '../base/options.js';

/** @typedef {import('./types.js').Tap} Tap */
/** @typedef {import('./types.js').ModelInfo} ModelInfo */

/**
 * A tap without layer or head means all of them.
 * @param {Tap} tap @param {number} i @param {ModelInfo} info
 * @returns {{ kind: 'attention' | 'residual', layer: number, head: number }[]}
 */
export function expandTap(tap, i, info) {
  const caller = `taps[${i}]`;
  const kind = reading(caller, () => tap?.kind);
  if (kind !== 'attention' && kind !== 'residual') {
    throw badArgument(
      `${caller}.kind must be 'attention' or 'residual', not ${describe(kind)}`,
      caller,
    );
  }
  const layerRule = { kind: ANY, layer: integer(0, info.layers - 1) };
  const rules =
    kind === 'attention' ? { ...layerRule, head: integer(0, info.heads - 1) } : layerRule;
  const { layer, head } = /** @type {any} */ (checkOptions(caller, tap, rules));
  /** @type {(one: number | undefined, n: number) => number[]} */
  const all = (one, n) => (one === undefined ? [...Array(n).keys()] : [one]);
  const layers = kind === 'attention' ? info.attentionLayers : [...Array(info.layers).keys()];
  return (layer === undefined ? layers : [layer]).flatMap((l) =>
    (kind === 'attention' ? all(head, info.heads) : [0]).map((h) => ({ kind, layer: l, head: h })),
  );
}
