// One of several kinds, each with options of its own: an optimizer, a schedule, a loss.

import { element } from '../dom.js';
import { spaced } from '../words.js';
import { Fields } from './fields.js';

export class Choice {
  #default = {};
  #values = {};
  #fields = null;

  /**
   * @param {string} name of the field of the job
   * @param {Record<string, object>} schemas by kind
   * @param {object} options
   * @param {string[]} [options.elsewhere] what has a field in another place
   * @param {() => void} options.onInput
   */
  constructor(name, schemas, { elsewhere = [], onInput }) {
    this.name = name;
    this.schemas = schemas;
    this.elsewhere = elsewhere;
    this.onInput = onInput;
    this.select = element(
      'select',
      { name },
      ...Object.keys(schemas).map((kind) => element('option', { value: kind }, spaced(kind))),
    );
    this.about = element('p', { className: 'quiet' });
    this.options = element('div', { className: 'options' });
    this.problem = element('p', { className: 'problem' });
    const title = name[0].toUpperCase() + name.slice(1);
    const legend = element('legend', {}, title);
    this.select.ariaLabel = title;
    this.node = element(
      'fieldset',
      {},
      legend,
      this.select,
      this.about,
      this.problem,
      this.options,
    );
    this.select.addEventListener('change', () => {
      this.#build();
      onInput();
    });
  }

  get kind() {
    return this.select.value;
  }

  /** @param {{type: string}} value what holds where nothing is chosen */
  reset(value) {
    this.#default = value ?? { type: Object.keys(this.schemas)[0] };
    this.select.value = this.#default.type;
    this.#build();
  }

  /** What holds for an option that is not chosen, as far as it is known. */
  defaultOf(option) {
    const own = this.kind === this.#default.type ? this.#default[option] : undefined;
    return own ?? this.schemas[this.kind].properties[option]?.default;
  }

  /**
   * @param {Record<string, unknown>} more options that have their fields in another place
   * @returns {object | undefined} undefined where nothing differs from the default
   */
  read(more = {}) {
    const chosen = { ...this.#values, ...more };
    if (this.kind !== this.#default.type) return { type: this.kind, ...chosen };
    return Object.keys(chosen).length ? { ...this.#default, ...chosen } : undefined;
  }

  showProblems(errors) {
    const left = this.#fields.showProblems(errors, [this.name]);
    const own = left.filter(({ loc }) => loc[0] === this.name && !this.elsewhere.includes(loc[1]));
    this.problem.textContent = own.map(({ msg }) => msg).join(' ');
    return left.filter((error) => !own.includes(error));
  }

  #build() {
    const { description, properties } = this.schemas[this.kind];
    this.#values = {};
    this.about.textContent = description;
    const own = Object.entries(properties).filter(
      ([name]) => name !== 'type' && !this.elsewhere.includes(name),
    );
    this.#fields = new Fields(Object.fromEntries(own), {
      values: this.#values,
      defaults: this.kind === this.#default.type ? this.#default : {},
      onInput: this.onInput,
    });
    this.options.replaceChildren(this.#fields.node);
  }
}
