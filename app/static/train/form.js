// The form that starts a job: its network, its recipe, and a drawing that it reads while it learns.

import { Problem, get, post } from '../api.js';
import { allDatasets, allModels } from '../choices.js';
import { paint } from '../draw/ink.js';
import { title } from '../draw/models.js';
import { offerRequest } from '../requests.js';
import { duration } from '../words.js';
import { Network } from './network.js';
import { Recipe } from './recipe.js';

export class TrainForm {
  #busy = false;

  /**
   * @param {HTMLFormElement} form
   * @param {object} listener
   * @param {() => object[] | null} listener.strokes what lies on the drawing pad
   * @param {(job: object) => void} listener.onStarted
   */
  constructor(form, { strokes, onStarted }) {
    const find = (selector) => form.querySelector(selector);
    this.form = form;
    this.find = find;
    this.strokes = strokes;
    this.onStarted = onStarted;
    this.problem = find('#train-problem');
    this.total = find('#total');
    this.probe = find('#probe');
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.recipe) this.send(this.#body()).catch((error) => this.#showProblems(error));
    });
    offerRequest(
      find('.as-request'),
      () => this.recipe && { path: '/v1/jobs', body: this.#body() },
    );
  }

  async load() {
    await this.#loadCatalog();
    await this.refreshChoices();
  }

  /** Offers the datasets and models that there are now. */
  async refreshChoices() {
    const [datasets, { models, aliases }] = await Promise.all([allDatasets(), allModels()]);
    const ready = datasets.filter((dataset) => dataset.ready);
    this.recipe.offer({
      datasets: ready.map(({ name }) => ({ value: name, text: name })),
      models: [
        ...aliases.map(({ alias }) => ({ value: alias, text: alias })),
        ...models.map((model) => ({ value: model.id, text: title(model) })),
      ],
    });
  }

  async #loadCatalog() {
    if (this.recipe) return;
    const catalog = await get('/v1/catalog');
    this.recipe = new Recipe(this.find('#first'), this.find('#more'), catalog, () => this.#price());
    this.network = new Network(this.form, {
      onPreset: () => this.recipe.reset(this.network.recipe),
      onCost: () => this.#price(),
    });
    this.network.load(catalog);
  }

  /** Offers the drawing that there is now to be read while the network learns. */
  offerProbe() {
    const strokes = this.strokes();
    this.probe.disabled = !strokes;
    if (!strokes) this.probe.checked = false;
    this.find('#probe-words').textContent = strokes
      ? 'Let it read my drawing while it learns'
      : 'Draw a digit first, and the network can read it while it learns.';
    const canvas = this.find('#probe-drawing');
    canvas.hidden = !strokes;
    if (strokes) paint(canvas, strokes);
  }

  /** Starts the preset that is offered first, without more ado. */
  start() {
    this.form.requestSubmit();
  }

  /**
   * Posts a job, whoever has made it up.
   * @throws {Problem | Unreachable}
   */
  async send(body) {
    if (this.#busy) return;
    this.#busy = true;
    this.form.setAttribute('aria-busy', 'true');
    this.#showProblems(null);
    try {
      this.onStarted(await post('/v1/jobs', body));
    } finally {
      this.#busy = false;
      this.form.removeAttribute('aria-busy');
    }
  }

  #body() {
    const probe = this.probe.checked && { probe: { strokes: this.strokes() } };
    return { ...this.network.body, ...this.recipe.body, ...probe };
  }

  #price() {
    const seconds = this.network.secondsPerEpoch * this.recipe.epochs;
    this.total.textContent = seconds > 0 ? `About ${duration(seconds)} here.` : '';
  }

  /** Each error goes to its field; what has no field here, to the foot of the form. */
  #showProblems(error) {
    if (!this.recipe) return;
    const errors = error instanceof Problem ? error.errors : [];
    const left = this.network.showProblems(this.recipe.showProblems(errors), ['network']);
    const first = this.form.querySelector('[aria-invalid="true"]');
    const details = first?.closest('details');
    if (details) details.open = true;
    first?.focus();
    const placed = errors.length > left.length;
    this.problem.textContent =
      left.map(({ msg }) => msg).join(' ') || (placed ? '' : (error?.message ?? ''));
  }
}
