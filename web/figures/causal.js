/**
 * causal.js - the tokens of figures about causal models, and what these figures refuse.
 */
import { idsOf } from './figure.js';

/** @typedef {import('../jielong.js').Model} Model */

const MAX_TOKENS = 64;

/** An error that an element explains by its code. @param {string} code @param {string} message */
export const refusal = (code, message) => Object.assign(new Error(message), { code });

/**
 * The ids of a text with at least one token. Throws for encoders, and for models without attention.
 * @param {Model} model @param {string} text @param {{ max?: number, attention?: boolean }} [options] attention: needed
 */
export async function causalIds(model, text, { max = MAX_TOKENS, attention = true } = {}) {
  const { encoder, attentionLayers, architecture, contextLength } = model.info;
  if (encoder) throw refusal('ENCODER', `${architecture} is an encoder`);
  if (attention && !attentionLayers.length)
    throw refusal('NO_ATTENTION', `${architecture} has no attention`);
  const { ids, total } = await idsOf(model, text ?? '', Math.min(max, contextLength || max));
  if (!ids.length) throw refusal('NO_TEXT', 'the text has no token');
  return { ids, total };
}

/**
 * The selected layer and head, within those that a view has: the last block if there is no such block.
 * @param {{ layers: number[], heads: number }} view @param {{ layer?: number, head?: number }} wanted
 */
export function chosenHead({ layers, heads }, { layer = 0, head = 0 }) {
  return {
    layer: layers.includes(layer) ? layer : layers[layers.length - 1],
    head: Math.min(head, heads - 1),
  };
}
