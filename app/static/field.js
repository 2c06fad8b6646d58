// A control with its label above.

import { element } from './dom.js';

/**
 * @param {string} label
 * @param {HTMLElement} control
 */
export const field = (label, control) =>
  element('label', { className: 'labelled' }, element('span', {}, label), control);
