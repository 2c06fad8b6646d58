// Precision, recall and F1, class by class.

import { element } from '../dom.js';
import { count, percent } from '../words.js';

const HEADINGS = ['Class', 'Precision', 'Recall', 'F1', 'Samples'];

export class ClassTable {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.rows = element('tbody');
    const head = HEADINGS.map((text) => element('th', { scope: 'col' }, text));
    const table = element('table', {}, element('thead', {}, element('tr', {}, ...head)), this.rows);
    const scroll = {
      className: 'scroll',
      tabIndex: 0,
      role: 'region',
      ariaLabel: 'Class by class',
    };
    this.root = element(
      'details',
      { hidden: true },
      element('summary', {}, 'Class by class'),
      element(
        'p',
        { className: 'quiet' },
        'Precision: of what was taken for it, how much was. Recall: of what was it, how much was found.',
      ),
      element('div', scroll, table),
    );
    parent.append(this.root);
  }

  /** @param {{label: string, precision: number, recall: number, f1: number, support: number}[]} */
  show(classes) {
    this.rows.replaceChildren(
      ...classes.map(({ label, precision, recall, f1, support }) =>
        element(
          'tr',
          {},
          element('th', { scope: 'row', dir: 'auto' }, label),
          ...[precision, recall, f1].map((share) => element('td', {}, percent(share))),
          element('td', {}, count(support)),
        ),
      ),
    );
  }
}
