// The choice of the model that reads.

import { allModels } from '../choices.js';
import { element } from '../dom.js';
import { moment, percent } from '../words.js';

const LATEST = 'latest';

export class ModelChooser {
  #models = [];
  #aliases = [];
  #known = false;
  #shown = '';
  #wish = LATEST;

  /**
   * @param {HTMLSelectElement} select
   * @param {() => void} onChange the model that reads is another one now
   */
  constructor(select, onChange) {
    this.select = select;
    this.onChange = onChange;
    this.#show();
    select.addEventListener('change', () => {
      this.#wish = select.value;
      onChange();
    });
  }

  /** @param {string} id the model that shall read, as soon as it is there */
  choose(id) {
    if (id === this.#wish) return;
    this.#wish = id;
    this.#show();
    this.onChange();
  }

  /** Whether the server has said which models there are. */
  get known() {
    return this.#known;
  }

  get any() {
    return this.#models.length > 0;
  }

  /** The model that reads; null while there is none. */
  get current() {
    return this.#models.find(({ id }) => id === this.#reading()) ?? null;
  }

  /** What the address is to say of the choice. */
  get state() {
    return this.select.value === LATEST ? {} : { model: this.select.value };
  }

  get predictPath() {
    const id = this.select.value;
    return id === LATEST ? '/v1/predict' : `/v1/models/${encodeURIComponent(id)}/predict`;
  }

  /**
   * @param {string} id
   * @returns {string[] | undefined} what the model tells apart, if the model is known
   */
  classesOf(id) {
    return this.#models.find((model) => model.id === id)?.classes;
  }

  /**
   * Asks the server again.
   * @param {string} [chosen] the model that shall read from now on
   */
  async refresh(chosen) {
    const { models, aliases } = await allModels();
    const before = this.#reading();
    this.#models = models;
    this.#aliases = aliases.filter(({ alias }) => alias !== LATEST);
    this.#known = true;
    this.#wish = chosen ?? this.#wish;
    this.#show();
    if (this.#reading() !== before) this.onChange();
  }

  #reading() {
    const chosen = this.select.value;
    if (chosen === LATEST) return this.#models[0]?.id;
    return this.#aliases.find(({ alias }) => alias === chosen)?.model_id ?? chosen;
  }

  #show() {
    const newest = [LATEST, this.any ? 'the newest model' : 'no model yet'];
    const names = new Map(this.#models.map((model) => [model.id, title(model)]));
    const aliases = this.#aliases.map(({ alias, model_id: id }) => [
      alias,
      `${alias}: ${names.get(id) ?? id}`,
    ]);
    const entries = [newest, ...aliases, ...names];
    const shown = String(entries);
    if (shown !== this.#shown) {
      // an open list must not be replaced under the finger
      const options = entries.map(([value, text]) =>
        element('option', { value, dir: 'auto' }, text),
      );
      this.select.replaceChildren(...options);
      this.#shown = shown;
    }
    this.select.value = entries.some(([value]) => value === this.#wish) ? this.#wish : LATEST;
    this.select.disabled = !this.any;
  }
}

export function title({ name, created_at: created, metrics }) {
  const named = name || `model of ${moment(created)}`;
  const accuracy = metrics?.test_accuracy;
  return accuracy == null ? named : `${named} · ${percent(accuracy)}`;
}
