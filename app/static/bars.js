// Ten bars, or as many as there are classes. They stay where they are and only change their length,
// so that they can spring.

import { element } from './dom.js';
import { percent } from './words.js';

export class Bars {
  /** @param {HTMLOListElement} list */
  constructor(list) {
    this.list = list;
  }

  /**
   * @param {string[]} classes
   * @param {number[] | null} probabilities one for each class; null: nothing is known
   */
  show(classes, probabilities) {
    if (this.list.children.length !== classes.length) {
      this.list.replaceChildren(...classes.map(newBar));
    }
    const most = probabilities ? probabilities.indexOf(Math.max(...probabilities)) : -1;
    classes.forEach((label, i) => {
      const bar = this.list.children[i];
      const share = probabilities?.[i] ?? 0;
      bar.classList.toggle('first', i === most);
      bar.querySelector('.label').textContent = label;
      bar.querySelector('.fill').style.transform = `translateX(${((share - 1) * 50).toFixed(2)}%)`;
      bar.querySelector('.value').textContent = probabilities ? percent(share) : '–';
    });
  }
}

function newBar() {
  return element(
    'li',
    {},
    element('span', { className: 'label', dir: 'auto' }),
    element('span', { className: 'track' }, element('span', { className: 'fill' })),
    element('span', { className: 'value' }),
  );
}
