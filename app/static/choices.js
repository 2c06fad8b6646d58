// What there is to choose from.

import { get } from './api.js';
import { element } from './dom.js';

/** All of a list of the API, page by page. */
async function all(path) {
  const found = [];
  for (let cursor = null; ;) {
    const from = cursor ? `&cursor=${encodeURIComponent(cursor)}` : '';
    const { data, next_cursor: next } = await get(`${path}?limit=100${from}`);
    found.push(...data);
    if (!next) return found;
    cursor = next;
  }
}

export const allDatasets = () => all('/v1/datasets');

/** Those that a model can be judged by. */
export const withTests = (datasets) => datasets.filter((dataset) => dataset.test_samples > 0);

/** @returns {Promise<{models: object[], aliases: object[]}>} */
export async function allModels() {
  const [models, aliases] = await Promise.all([all('/v1/models'), all('/v1/aliases')]);
  return { models, aliases };
}

/**
 * @param {HTMLSelectElement} select
 * @param {{value: string, text: string}[]} entries
 * @param {string | null} chosen where it is not among them, the first is
 */
export function offer(select, entries, chosen) {
  select.replaceChildren(
    ...entries.map(({ value, text }) => element('option', { value, dir: 'auto' }, text)),
  );
  select.value = entries.some(({ value }) => value === chosen) ? chosen : (entries[0]?.value ?? '');
}
