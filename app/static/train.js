// The form that starts a job: a preset from the catalog and what to change in its recipe.

import { Problem, get, post } from './api.js';
import { element } from './dom.js';
import { count, duration, layerWords, recipeWords } from './words.js';

const FAVOURITE = 'mlp'; // the quickest that reads well

export class TrainForm {
  #presets = {};
  #costs = new Map();
  #busy = false;

  /**
   * @param {HTMLFormElement} form
   * @param {(job: object) => void} onStarted
   */
  constructor(form, onStarted) {
    this.form = form;
    this.presets = form.querySelector('#presets');
    this.description = form.querySelector('#description');
    this.layers = form.querySelector('#layers');
    this.recipe = form.querySelector('#recipe');
    this.cost = form.querySelector('#cost');
    this.problem = form.querySelector('#train-problem');
    this.onStarted = onStarted;
    this.presets.addEventListener('change', () => this.#describe());
    form.elements.epochs.addEventListener('input', () => this.#price());
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  start() {
    this.form.requestSubmit();
  }

  async load() {
    if (this.presets.children.length) return;
    this.#presets = (await get('/v1/catalog')).presets;
    const names = Object.keys(this.#presets);
    const chosen = names.includes(FAVOURITE) ? FAVOURITE : names[0];
    this.presets.replaceChildren(
      ...names.map((name) => {
        const radio = { type: 'radio', name: 'preset', value: name, checked: name === chosen };
        return element('label', {}, element('input', radio), element('span', {}, name));
      }),
    );
    this.#describe();
  }

  get #chosen() {
    return this.form.elements.preset?.value; // none before the catalog is there
  }

  #describe() {
    const { description, layers, recipe = {} } = this.#presets[this.#chosen];
    this.description.textContent = description;
    this.layers.replaceChildren(...layers.map((layer) => element('li', {}, layerWords(layer))));
    this.recipe.textContent = recipeWords(recipe);
    this.cost.textContent = '';
    this.form.elements.epochs.placeholder = recipe.epochs ?? '';
    this.form.elements.learning_rate.placeholder = recipe.optimizer?.learning_rate ?? '';
    this.#price();
  }

  /** What the network costs; the form works without knowing it. */
  async #price() {
    const preset = this.#chosen;
    if (!preset) return;
    const cost = await this.#costOf(preset).catch(() => null);
    if (!cost || preset !== this.#chosen) return;
    const { epochs } = this.form.elements;
    const time = cost.estimate.seconds_per_epoch * Number(epochs.value || epochs.placeholder);
    const parameters = `${count(cost.parameters)} parameters`;
    const words = time > 0 ? `${parameters} · trains here in ${duration(time)}` : parameters;
    this.cost.textContent = words;
  }

  async #costOf(preset) {
    const known = this.#costs.get(preset);
    if (known) return known;
    const cost = await post('/v1/networks/validate', { preset });
    this.#costs.set(preset, cost);
    return cost;
  }

  #body() {
    const { epochs, learning_rate: rate, name } = this.form.elements;
    const body = { preset: this.#chosen };
    if (name.value) body.name = name.value;
    if (epochs.value) body.epochs = numberOrText(epochs.value);
    if (rate.value) {
      const { optimizer = { type: 'adam' } } = this.#presets[body.preset].recipe ?? {};
      body.optimizer = { ...optimizer, learning_rate: numberOrText(rate.value) };
    }
    return body;
  }

  async #submit() {
    if (this.#busy || !this.#chosen) return;
    this.#busy = true;
    this.form.setAttribute('aria-busy', 'true');
    this.#showProblems('', []);
    try {
      const job = await post('/v1/jobs', this.#body());
      this.onStarted(job);
    } catch (error) {
      this.#showProblems(error.message, error instanceof Problem ? error.errors : []);
    } finally {
      this.#busy = false;
      this.form.removeAttribute('aria-busy');
    }
  }

  /** Each error goes to its field; what has no field here, to the foot of the form. */
  #showProblems(summary, errors) {
    const left = new Map(errors.map((error) => [error.loc.at(-1), error.msg]));
    let first = null;
    for (const name of ['epochs', 'learning_rate', 'name']) {
      const field = this.form.elements[name];
      const message = left.get(name) ?? '';
      left.delete(name);
      field.setAttribute('aria-invalid', Boolean(message));
      this.form.querySelector(`#${name}-problem`).textContent = message;
      if (message) first ??= field;
    }
    first?.focus();
    this.problem.textContent = first && !left.size ? '' : [...left.values()].join(' ') || summary;
  }
}

/** What is not a number goes to the server as it is, which knows best what to say about it. */
function numberOrText(text) {
  const number = Number(text);
  return Number.isFinite(number) ? number : text;
}
