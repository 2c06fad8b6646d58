// A sheet of a view, under a heading that one can be brought to.

import { element } from './dom.js';

/**
 * @param {HTMLElement} parent
 * @param {string} title
 */
export function panel(parent, title) {
  const heading = element('h3', { tabIndex: -1 }, title);
  return parent.appendChild(element('div', { className: 'sheet panel' }, heading));
}
