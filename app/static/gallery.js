// Samples as a wall of small pictures, some at a time. Each opens the sample itself.

import { element } from './dom.js';
import { picture, samplePath } from './pictures.js';

const AT_A_TIME = 24;

/**
 * @typedef {object} Shown
 * @property {number} index
 * @property {string[]} words lines below the picture
 */

export class Gallery {
  #samples = [];
  #from = { dataset: '', split: 'test' };

  /** @param {(sample: {dataset: string, split: string, index: number}) => void} onOpen */
  constructor(root, onOpen) {
    this.onOpen = onOpen;
    this.title = element('h4', { tabIndex: -1, dir: 'auto' });
    this.wall = element('ul', { className: 'wall' });
    this.more = element('button', { type: 'button', hidden: true });
    root.append(this.title, this.wall, this.more);
    this.more.addEventListener('click', () => this.#grow());
  }

  /**
   * @param {string} title
   * @param {Shown[]} samples
   * @param {{dataset: string, split: string}} from
   */
  show(title, samples, from) {
    this.title.textContent = title;
    this.#samples = samples;
    this.#from = from;
    this.wall.replaceChildren();
    this.#grow();
  }

  #grow() {
    const first = this.wall.children.length;
    const next = this.#samples.slice(first, first + AT_A_TIME);
    this.wall.append(...next.map((sample) => element('li', {}, this.#frame(sample))));
    const left = this.#samples.length - first - next.length;
    this.more.hidden = left === 0;
    this.more.textContent =
      left > AT_A_TIME ? `${AT_A_TIME} more of ${left}` : `The other ${left}`;
    // The button may be gone: the first of the new pictures is where one goes on.
    if (first) this.wall.children[first].firstElementChild.focus();
  }

  #frame({ index, words }) {
    const { dataset, split } = this.#from;
    const frame = element(
      'button',
      { type: 'button', title: `Sample ${index}: look at it layer by layer` },
      picture(samplePath(dataset, split, index)),
      ...words.map((line) => element('span', { dir: 'auto' }, line)),
    );
    frame.addEventListener('click', () => this.onOpen({ dataset, split, index }));
    return frame;
  }
}
