// What a failed job's suggestion would do otherwise, in words.

import { spaced } from '../words.js';

/**
 * @param {object} suggestion a body that can be posted
 * @param {object} config what the job was
 */
export function suggestionWords(suggestion, config) {
  const changes = [];
  const compare = (after, before) => {
    for (const [name, value] of Object.entries(after)) {
      const old = before?.[name];
      if (isObject(value)) compare(value, old);
      else if (name in (before ?? {}) && JSON.stringify(value) !== JSON.stringify(old)) {
        changes.push(`${spaced(name)} ${shown(value)} in place of ${shown(old)}`);
      }
    }
  };
  compare(suggestion, config);
  return changes.length ? `It would train with ${changes.join(', ')}.` : '';
}

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

const shown = (value) => (value === null ? 'none' : String(value));
