// A network with the shapes before and after every layer, also of those inside residual blocks,
// which the API's summary counts as one.

import { post } from '../api.js';
import { layerWords, spaced } from '../words.js';

/**
 * @typedef {object} PlacedLayer
 * @property {string} place as `3`, or `3.1` inside of 3
 * @property {object} spec what the definition says
 * @property {number[]} input
 * @property {number[]} output
 * @property {number} parameters
 * @property {number} macs
 * @property {PlacedLayer[]} inner what a residual block goes around
 * @property {{parameters: number, macs: number} | null} projection what fits its input to the sum
 */

const judged = new Map();

/** @returns {Promise<{layers: object[], summary: object[], parameters: number, macs: number}>} */
function judge(definition) {
  const key = JSON.stringify(definition);
  if (!judged.has(key)) {
    const answer = post('/v1/networks/validate', definition);
    answer.catch(() => judged.delete(key)); // so that it can be asked again
    judged.set(key, answer);
  }
  return judged.get(key);
}

/**
 * @param {{input_shape: number[], layers: object[]}} network
 * @returns {Promise<{layers: PlacedLayer[], parameters: number, macs: number}>}
 */
export async function place({ input_shape: input, layers }, prefix = '') {
  const { summary, parameters, macs } = await judge({ input_shape: input, layers });
  const placed = summary.map(async (cost, i) => {
    const before = i === 0 ? input : summary[i - 1].output_shape;
    return placeLayer(layers[i], before, cost, `${prefix}${i + 1}`);
  });
  return { layers: await Promise.all(placed), parameters, macs };
}

async function placeLayer(spec, input, cost, at) {
  const { output_shape: output, parameters, macs } = cost;
  const layer = { place: at, spec, input, output, parameters, macs, inner: [], projection: null };
  if (!spec.layers) return layer;
  const inner = await place({ input_shape: input, layers: spec.layers }, `${at}.`);
  layer.inner = inner.layers;
  const rest = { parameters: parameters - inner.parameters, macs: macs - inner.macs };
  if (rest.parameters) layer.projection = rest;
  return layer;
}

/** What a layer is called where those inside of it are shown by themselves. */
export const layerName = (spec) => (spec.layers ? `${spaced(spec.type)} block` : layerWords(spec));

/** @param {number[]} shape as one reads it: 8×26×26 */
export const shapeWords = (shape) => shape.join('×');
