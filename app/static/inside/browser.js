// A dataset's samples, by split and class, page by page.

import { get } from '../api.js';
import { offer } from '../choices.js';
import { element } from '../dom.js';
import { picture, samplePath } from '../pictures.js';
import { requestButton } from '../request_button.js';
import { count } from '../words.js';
import { field } from '../field.js';

const A_PAGE = 40;
const ANY = '';

export class DatasetBrowser {
  #datasets = [];
  #pages = [null]; // the cursors up to the page that is shown
  #next = null;
  #asked = 0;

  /**
   * @param {HTMLElement} root
   * @param {object} listener
   * @param {(sample: object) => void} listener.onSample
   * @param {(choice: {data: string, split: string, label: string}) => void} listener.onChoice
   */
  constructor(root, { onSample, onChoice }) {
    this.onSample = onSample;
    this.onChoice = onChoice;
    this.dataset = element('select');
    this.split = element('select');
    this.label = element('select');
    this.facts = element('p', { className: 'quiet', dir: 'auto' });
    this.wall = element('ul', { className: 'wall small' });
    this.back = element('button', { type: 'button' }, 'Back');
    this.on = element('button', { type: 'button' }, 'Next');
    this.status = element('p', { role: 'status', className: 'quiet' });
    const splits = ['train', 'test'];
    offer(
      this.split,
      splits.map((value) => ({ value, text: value })),
      'test',
    );
    root.append(
      element(
        'div',
        { className: 'controls' },
        field('Dataset', this.dataset),
        field('Split', this.split),
        field('Class', this.label),
        requestButton(() => ({ method: 'GET', path: this.#path }), 'these samples'),
      ),
      this.facts,
      this.wall,
      element('div', { className: 'tools pager' }, this.back, this.on, this.status),
    );
    this.dataset.addEventListener('change', () => this.#choose(ANY));
    this.split.addEventListener('change', () => this.#choose(this.label.value));
    this.label.addEventListener('change', () => this.#choose(this.label.value));
    this.back.addEventListener('click', () => this.#turn(-1));
    this.on.addEventListener('click', () => this.#turn(1));
  }

  /** @param {{data?: string | null, split?: string | null, label?: string | null}} choice */
  show(datasets, { data, split, label }) {
    this.#datasets = datasets;
    offer(
      this.dataset,
      datasets.map(({ name }) => ({ value: name, text: name })),
      data,
    );
    if (split === 'train' || split === 'test') this.split.value = split;
    this.#fill(label ?? ANY);
  }

  get #chosen() {
    return this.#datasets.find(({ name }) => name === this.dataset.value);
  }

  get #path() {
    const query = new URLSearchParams({ split: this.split.value, limit: A_PAGE });
    if (this.label.value !== ANY) query.set('label', this.label.value);
    if (this.#pages.at(-1)) query.set('cursor', this.#pages.at(-1));
    return `/v1/datasets/${encodeURIComponent(this.dataset.value)}/samples?${query}`;
  }

  #choose(label) {
    this.#fill(label);
    this.onChoice({ data: this.dataset.value, split: this.split.value, label: this.label.value });
  }

  #fill(label) {
    const chosen = this.#chosen;
    if (!chosen) return;
    const counts = chosen.class_counts[this.split.value];
    const all = chosen[`${this.split.value}_samples`];
    const entries = chosen.classes.map((name) => ({
      value: name,
      text: `${name} (${count(counts[name] ?? 0)})`,
    }));
    offer(this.label, [{ value: ANY, text: `all (${count(all)})` }, ...entries], label);
    this.facts.textContent =
      `${count(chosen.train_samples)} to train on, ${count(chosen.test_samples)} to test with, ` +
      `${chosen.sample_shape.join('×')}, version ${chosen.version}`;
    this.#pages = [null];
    this.#load();
  }

  #turn(step) {
    if (step > 0) this.#pages.push(this.#next);
    else this.#pages.pop();
    this.#load();
  }

  async #load() {
    const asked = (this.#asked += 1);
    try {
      const { data, next_cursor: next } = await get(this.#path);
      if (asked !== this.#asked) return;
      this.#next = next;
      const dataset = this.dataset.value;
      this.wall.replaceChildren(
        ...data.map(({ index, split, label }) => {
          const words = `${label}, no. ${count(index)}`;
          const frame = element(
            'button',
            { type: 'button', title: `${words}: look at it layer by layer` },
            picture(samplePath(dataset, split, index)),
            element('span', { dir: 'auto' }, label),
          );
          frame.addEventListener('click', () => this.onSample({ dataset, split, index }));
          return element('li', {}, frame);
        }),
      );
      this.status.textContent = data.length
        ? `Page ${this.#pages.length}: no. ${count(data[0].index)} to ${count(data.at(-1).index)}`
        : 'There are none.';
      this.back.disabled = this.#pages.length === 1;
      this.on.disabled = !next;
    } catch (error) {
      if (asked === this.#asked) this.status.textContent = error.message;
    }
  }
}
