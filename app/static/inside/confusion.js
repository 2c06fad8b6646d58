// The confusion matrix: true classes down, what was read across. Cells open their samples.

import { element } from '../dom.js';
import { count } from '../words.js';

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

export class ConfusionMatrix {
  #cells = []; // rows of buttons
  #current = [0, 0];

  /**
   * @param {HTMLElement} root
   * @param {(cell: {label: string, predicted: string}) => void} onOpen
   */
  constructor(root, onOpen) {
    this.onOpen = onOpen;
    this.table = element('table', { className: 'confusion' });
    root.append(this.table);
    this.table.addEventListener('keydown', (event) => this.#move(event));
  }

  /**
   * @param {number[][]} matrix rows are true classes
   * @param {string[]} classes
   */
  show(matrix, classes) {
    const confused = matrix.flatMap((row, i) => row.filter((_, j) => i !== j));
    const most = Math.max(1, ...confused);
    this.#cells = matrix.map((row, i) =>
      row.map((number, j) => this.#cell(number, i, j, classes, i === j ? row : most)),
    );
    const head = classes.map((label) => element('th', { scope: 'col', dir: 'auto' }, label));
    const rows = this.#cells.map((cells, i) =>
      element(
        'tr',
        {},
        element('th', { scope: 'row', dir: 'auto' }, classes[i]),
        ...cells.map((cell) => element('td', {}, cell)),
      ),
    );
    this.table.replaceChildren(
      element(
        'caption',
        {},
        'Down: what it is. Across: what was read. Open a cell for its images.',
      ),
      element('thead', {}, element('tr', {}, element('td'), ...head)),
      element('tbody', {}, ...rows),
    );
    this.#current = [0, 0];
    this.#reach(0, 0);
  }

  /** @param {{label: string, predicted: string} | null} cell which one is open */
  mark(cell) {
    for (const button of this.#cells.flat()) {
      const open = button.dataset.label === cell?.label && button.dataset.read === cell?.predicted;
      button.setAttribute('aria-pressed', open);
    }
  }

  #cell(number, i, j, classes, scale) {
    const right = i === j;
    const button = element(
      'button',
      { type: 'button', tabIndex: -1, className: right ? 'right' : 'wrong' },
      number || right ? count(number) : '·',
    );
    button.dataset.label = classes[i];
    button.dataset.read = classes[j];
    const read = right ? 'read right' : `read as ${classes[j]}`;
    button.ariaLabel = `${count(number)} of class ${classes[i]} ${read}`;
    button.ariaDisabled = String(number === 0);
    const support = right ? scale.reduce((sum, one) => sum + one, 0) || 1 : scale;
    // Roots, so that a few are told apart from none.
    const strength = right ? number / support : Math.sqrt(number / support);
    button.style.setProperty('--strength', `${Math.round(strength * 100)}%`);
    button.addEventListener('click', () => {
      this.#reach(i, j);
      if (number) this.onOpen({ label: classes[i], predicted: classes[j] });
    });
    return button;
  }

  /** One cell at a time is in the order of the Tab key; arrows go from cell to cell. */
  #reach(i, j) {
    const [a, b] = this.#current;
    this.#cells[a][b].tabIndex = -1;
    this.#current = [i, j];
    this.#cells[i][j].tabIndex = 0;
  }

  #move(event) {
    const step = ARROWS[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const [i, j] = this.#current.map((at, k) => at + step[k]);
    if (!this.#cells[i]?.[j]) return;
    this.#reach(i, j);
    this.#cells[i][j].focus();
  }
}
