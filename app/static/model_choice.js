// The choice of a model by its alias or by itself.

import { element } from './dom.js';
import { title } from './draw/models.js';

const LATEST = 'latest';

export class ModelChoice {
  #models = [];
  #aliases = [];
  select = element('select', { disabled: true });

  /**
   * Offers what there is, and chooses one.
   * @param {{models: object[], aliases: object[]}} known
   * @param {string | null} [chosen] where it is not among them, the newest model is
   */
  offer({ models, aliases }, chosen) {
    this.#models = models;
    this.#aliases = aliases;
    const option = (value, text) => element('option', { value, dir: 'auto' }, text);
    const names = [LATEST, ...aliases.map(({ alias }) => alias)];
    const named = names.map((name) => option(name, name));
    const others = models.map((model) => option(model.id, title(model)));
    this.select.replaceChildren(
      element('optgroup', { label: 'Aliases' }, ...named),
      element('optgroup', { label: 'Models' }, ...others),
    );
    const values = [...this.select.options].map(({ value }) => value);
    this.select.value = values.includes(chosen) ? chosen : LATEST;
    this.select.disabled = !models.length;
  }

  /** The id or alias that was chosen. */
  get name() {
    return this.select.value;
  }

  /** The model that it names; undefined where there is none. */
  get model() {
    if (this.name === LATEST) return this.#models[0];
    const alias = this.#aliases.find(({ alias: name }) => name === this.name);
    const id = alias?.model_id ?? this.name;
    return this.#models.find((model) => model.id === id);
  }
}
