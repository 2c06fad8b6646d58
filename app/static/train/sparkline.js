// The course of one series, as small as a word.

import { svg } from '../dom.js';

/**
 * @param {(number | null)[]} values
 */
export function sparkline(values) {
  const finite = values.filter((value) => value !== null);
  const low = Math.min(...finite);
  const height = Math.max(...finite) - low || 1;
  const points = finite.map((value, i) => {
    const x = 2 + (60 * i) / (finite.length - 1);
    const y = 16 - (12 * (value - low)) / height;
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  });
  const d = points.length > 1 ? `M${points.join('L')}` : '';
  const drawing = { class: 'sparkline', viewBox: '0 0 64 20', 'aria-hidden': 'true' };
  return svg('svg', drawing, svg('path', { class: 'line', d }));
}
