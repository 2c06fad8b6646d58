// McNemar's test in words: whether two models differ by more than chance would make them.

import { count, percent } from '../words.js';

const CHANCE = 0.05;

/**
 * @param {object} comparison as the API gives it
 * @returns {{title: string, words: string}}
 */
export function verdictWords(comparison) {
  const { a, b, only_a_right: onlyA, only_b_right: onlyB, p_value: p } = comparison;
  const apart = onlyA + onlyB;
  if (!apart) {
    const title = 'They are equally good';
    return { title, words: `Both read ${percent(a.accuracy)}, and the same samples right.` };
  }
  const points = (Math.abs(a.accuracy - b.accuracy) * 100).toFixed(2);
  const figures =
    `A reads ${percent(a.accuracy)}, B ${percent(b.accuracy)}: ${points} points apart. ` +
    `Of the ${count(apart)} samples that only one of them reads right, A has ${count(onlyA)} ` +
    `and B ${count(onlyB)}.`;
  const chance =
    `If they were equally good, they would be so far apart in ${chanceWords(p)} such comparisons ` +
    `(McNemar’s exact test, p = ${p < 1e-4 ? p.toExponential(0) : p.toPrecision(2)}).`;
  if (p >= CHANCE) return { title: 'That may be chance', words: `${figures} ${chance}` };
  const better = onlyA > onlyB ? 'A' : 'B';
  return { title: `${better} is better`, words: `${figures} ${chance}` };
}

function chanceWords(p) {
  if (p < 0.0005) return 'fewer than 1 of 1,000';
  if (p < 0.0095) return `${Math.round(p * 1000)} of 1,000`;
  return `${Math.round(p * 100)} of 100`;
}
