// What a view says while there is nothing in it yet, and the way to something.

import { element, svg } from './dom.js';

/** The 7 that the drawing pad begins with. */
const SEVEN = 'M88 84c34 6 70 3 106-5-34 36-55 76-62 124';

/**
 * @param {string} title
 * @param {string} words
 */
export function welcome(title, words) {
  const ghost = svg('svg', { viewBox: '70 60 142 162', 'aria-hidden': 'true' });
  ghost.append(svg('path', { d: SEVEN, pathLength: 1 }));
  return element(
    'div',
    { className: 'welcome', hidden: true },
    ghost,
    element('h3', {}, title),
    element('p', {}, words),
    element('a', { className: 'button primary', href: '#train' }, 'Train a network'),
  );
}
