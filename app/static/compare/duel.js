// Two models on the same samples: which is better, whether that is more than chance, and the digits
// on which they disagree.

import { get } from '../api.js';
import { offer, withTests } from '../choices.js';
import { element } from '../dom.js';
import { field } from '../field.js';
import { Gallery } from '../gallery.js';
import { ModelChoice } from '../model_choice.js';
import { requestButton } from '../request_button.js';
import { go } from '../views.js';
import { count } from '../words.js';
import { verdictWords } from './significance.js';

/** Who is right where they say different things. */
const SIDES = {
  a: { title: 'A alone is right', holds: ({ label, a }) => a === label },
  b: { title: 'B alone is right', holds: ({ label, b }) => b === label },
  none: {
    title: 'Both are wrong, in two ways',
    holds: ({ label, a, b }) => a !== label && b !== label,
  },
};

export class Duel {
  #asked = 0;
  #comparison = null;

  /**
   * @param {HTMLElement} root
   * @param {(choice: {a: string, b: string, dataset: string}) => void} onCompare
   */
  constructor(root, onCompare) {
    this.onCompare = onCompare;
    this.a = new ModelChoice();
    this.b = new ModelChoice();
    this.dataset = element('select');
    const form = element(
      'form',
      {},
      element(
        'div',
        { className: 'controls' },
        field('A', this.a.select),
        field('B', this.b.select),
        field('Dataset', this.dataset),
      ),
      element(
        'div',
        { className: 'tools' },
        element('button', { className: 'primary' }, 'Compare them'),
        requestButton(() => ({ method: 'GET', path: this.#path }), 'this comparison'),
      ),
    );
    this.verdict = element('p', { className: 'outcome', role: 'status' });
    this.words = element('p');
    this.matrix = element('table', { className: 'agreement', hidden: true });
    this.sides = element('div', { className: 'tools', role: 'group', hidden: true });
    this.sides.ariaLabel = 'Who is right';
    const wall = element('div', { className: 'disagreements' });
    root.append(form, this.verdict, this.words, this.matrix, this.sides, wall);
    this.gallery = new Gallery(wall, ({ dataset, split, index }) => {
      go('inside', { model: this.a.name, sample: `${dataset}/${split}/${index}` });
    });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const choice = { a: this.a.name, b: this.b.name, dataset: this.dataset.value };
      this.onCompare(choice);
      this.compare();
    });
  }

  /** @param {{a?: string, b?: string, dataset?: string}} chosen */
  offer(models, datasets, { a, b, dataset }) {
    this.a.offer(models, a);
    this.b.offer(models, b ?? models.models[1]?.id);
    offer(
      this.dataset,
      withTests(datasets).map(({ name }) => ({ value: name, text: name })),
      dataset ?? this.a.model?.dataset,
    );
  }

  get #path() {
    const chosen = { a: this.a.name, b: this.b.name, dataset: this.dataset.value };
    return `/v1/models/compare?${new URLSearchParams(chosen)}`;
  }

  async compare() {
    const asked = (this.#asked += 1);
    this.#clear('Both read every test sample …');
    try {
      const comparison = await get(this.#path);
      if (asked === this.#asked) this.#render(comparison);
    } catch (error) {
      if (asked === this.#asked) this.#clear(error.message);
    }
  }

  #clear(words) {
    this.verdict.textContent = words;
    this.words.textContent = '';
    this.matrix.hidden = this.sides.hidden = true;
    this.gallery.show('', [], { dataset: '', split: 'test' });
  }

  #render(comparison) {
    this.#comparison = comparison;
    const { title, words } = verdictWords(comparison);
    this.verdict.textContent = title;
    this.words.textContent = words;
    this.matrix.hidden = this.sides.hidden = false;
    this.#drawMatrix(comparison);
    const buttons = Object.entries(SIDES).map(([side, { title: text, holds }]) => {
      const number = comparison.differences.filter(holds).length;
      const button = element('button', { type: 'button' }, `${text}: ${count(number)}`);
      button.dataset.side = side;
      button.disabled = number === 0;
      button.addEventListener('click', () => this.#show(side));
      return button;
    });
    this.sides.replaceChildren(...buttons);
    const first = buttons.find((button) => !button.disabled);
    if (first) this.#show(first.dataset.side);
  }

  #show(side) {
    for (const button of this.sides.children) {
      button.setAttribute('aria-pressed', button.dataset.side === side);
    }
    const { title, holds } = SIDES[side];
    const samples = this.#comparison.differences.filter(holds).map(({ index, label, a, b }) => ({
      index,
      words: [
        `It is ${label}`,
        `A: ${a}${a === label ? ' ✓' : ''}`,
        `B: ${b}${b === label ? ' ✓' : ''}`,
      ],
    }));
    this.gallery.show(title, samples, { dataset: this.dataset.value, split: 'test' });
  }

  /** Who is right how often, both ways. */
  #drawMatrix(comparison) {
    const {
      both_right: both,
      only_a_right: onlyA,
      only_b_right: onlyB,
      both_wrong: none,
    } = comparison;
    const head = (text, scope) => element('th', { scope }, text);
    const row = (text, ...numbers) =>
      element(
        'tr',
        {},
        head(text, 'row'),
        ...numbers.map((number) => element('td', {}, count(number))),
      );
    this.matrix.replaceChildren(
      element('caption', { className: 'visually-hidden' }, 'How often each is right'),
      element(
        'thead',
        {},
        element('tr', {}, element('td'), head('B right', 'col'), head('B wrong', 'col')),
      ),
      element('tbody', {}, row('A right', both, onlyA), row('A wrong', onlyB, none)),
    );
  }
}
