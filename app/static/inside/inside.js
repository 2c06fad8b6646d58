// Look inside: a model's architecture, mistakes, filters, activations and confidence, and the data
// that it learns from. Which of them is open is in the address.

import { Unreachable, connection } from '../api.js';
import { Address } from '../address.js';
import { allDatasets, allModels, offer, offerModels } from '../choices.js';
import { element } from '../dom.js';
import { Activations } from './activations.js';
import { Architecture } from './architecture.js';
import { DatasetBrowser } from './browser.js';
import { DatasetUpload } from './dataset_upload.js';
import { Evaluation } from './evaluation.js';
import { Facts } from './facts.js';
import { field } from '../field.js';
import { Filters } from './filters.js';
import { shapeWords } from './network.js';

/** @param {HTMLElement} section where the view is built; called once */
export function mount(section) {
  new Inside(section).load();
}

class Inside {
  #known = { models: [], aliases: [] };
  #datasets = [];
  #state;

  constructor(section) {
    section.className = 'view'; // sheets in place of one sheet
    section.replaceChildren();
    this.address = new Address('inside', (parameters) => this.#follow(parameters));
    this.#state = Object.fromEntries(this.address.parameters);

    this.model = element('select', { disabled: true });
    this.dataset = element('select');
    this.split = element('select');
    this.problem = element('p', { className: 'problem', role: 'alert' });
    const head = section.appendChild(element('div', { className: 'sheet panel' }));
    head.append(
      element(
        'header',
        { className: 'sheet-head' },
        element('h2', { id: 'inside-title' }, 'Look inside'),
        element('label', { className: 'reader' }, 'Model ', this.model),
      ),
      this.problem,
    );
    this.facts = new Facts(head);

    this.architecture = new Architecture(panel(section, 'Architecture'));
    const mistakes = panel(section, 'Mistakes');
    const controls = element(
      'div',
      { className: 'controls' },
      field('Dataset', this.dataset),
      field('Split', this.split),
    );
    mistakes.append(controls);
    const layers = panel(section, 'Layer by layer');
    const walk = element('div', { className: 'walk' });
    layers.append(walk);
    const pair = section.appendChild(element('div', { className: 'pair' }));
    this.filters = new Filters(panel(pair, 'What the first layer looks for'));
    const confidence = panel(pair, 'Can its confidence be trusted?');
    const data = panel(section, 'The data');
    const upload = panel(section, 'Data of your own');

    const open = (sample) => {
      this.activations.take(sample);
      layers.scrollIntoView({ block: 'nearest' });
      layers.querySelector('h3').focus({ preventScroll: true });
    };
    this.activations = new Activations(walk, (sample) =>
      this.#remember({ sample: sample && `${sample.dataset}/${sample.split}/${sample.index}` }),
    );
    const roots = { controls, figures: mistakes, calibration: confidence };
    this.evaluation = new Evaluation(roots, open, (cell) =>
      this.#remember({ true: cell?.label, read: cell?.predicted }),
    );
    this.browser = new DatasetBrowser(data, {
      onSample: open,
      onChoice: ({ data: name, split, label }) =>
        this.#remember({ data: name, part: split, class: label }),
    });
    new DatasetUpload(upload, (name) => this.#uploaded(name));

    offer(
      this.split,
      ['test', 'train'].map((value) => ({ value, text: value })),
      this.#state.split,
    );
    this.model.addEventListener('change', () => this.#choose({ model: this.model.value }));
    this.dataset.addEventListener('change', () => this.#choose({ dataset: this.dataset.value }));
    this.split.addEventListener('change', () => this.#choose({ split: this.split.value }));
    connection.addEventListener('back', () => this.load());
    addEventListener('hashchange', () => section.hidden || this.#refreshChoices());
  }

  async load() {
    try {
      await this.#fetch();
      this.problem.textContent = '';
      const { data, part, class: label, sample } = this.#state;
      this.browser.show(this.#datasets, { data, split: part, label });
      this.#render();
      const [dataset, split, index] = (sample ?? '').split('/');
      if (index !== undefined) this.activations.take({ dataset, split, index: Number(index) });
    } catch (error) {
      this.#explain(error);
    }
  }

  async #fetch() {
    [this.#known, this.#datasets] = await Promise.all([allModels(), allDatasets()]);
    offerModels(this.model, this.#known, this.#state.model ?? null);
    offer(
      this.dataset,
      this.#datasets.map(({ name }) => ({ value: name, text: name })),
      this.#state.dataset,
    );
  }

  /** Models may have come while another view was open. */
  async #refreshChoices() {
    try {
      const before = this.#chosen?.id;
      await this.#fetch();
      if (this.#chosen?.id !== before) this.#render();
    } catch (error) {
      this.#explain(error);
    }
  }

  get #chosen() {
    const { models, aliases } = this.#known;
    const name = this.model.value;
    if (name === 'latest') return models[0];
    const id = aliases.find(({ alias }) => alias === name)?.model_id ?? name;
    return models.find((model) => model.id === id);
  }

  #choose(change) {
    this.#remember({ ...change, true: '', read: '' });
    this.#render();
  }

  #remember(change) {
    Object.assign(this.#state, change);
    this.address.remember(this.#state);
  }

  #follow(parameters) {
    this.#state = Object.fromEntries(parameters);
    if (this.#state.split) this.split.value = this.#state.split;
    this.load();
  }

  async #render() {
    const model = this.#chosen;
    if (!model) {
      this.problem.textContent = 'There is no model yet. Train one, and look into it here.';
      return this.evaluation.leave('');
    }
    const dataset = this.#datasets.find(({ name }) => name === this.dataset.value);
    this.facts.show(model, this.model.value);
    this.filters.show(model);
    this.activations.show(model, dataset);
    try {
      const { macs, output } = await this.architecture.show(model);
      if (this.#chosen !== model) return;
      this.facts.showCost(macs);
      const misfit = misfitWords(model, output, dataset);
      if (misfit) return this.evaluation.leave(misfit);
      const { true: label, read: predicted } = this.#state;
      const cell = label !== undefined && predicted ? { label, predicted } : null;
      this.evaluation.show({ model, dataset, split: this.split.value, macs }, cell);
    } catch (error) {
      this.#explain(error);
    }
  }

  async #uploaded(name) {
    this.#remember({ data: name, class: '' });
    try {
      await this.#fetch();
      this.browser.show(this.#datasets, { data: name });
    } catch (error) {
      this.#explain(error);
    }
  }

  #explain(error) {
    // The page's banner says that the server is away.
    if (!(error instanceof Unreachable)) this.problem.textContent = error.message;
  }
}

function panel(parent, title) {
  const heading = element('h3', { tabIndex: -1 }, title);
  return parent.appendChild(element('div', { className: 'sheet panel' }, heading));
}

function misfitWords({ network, classes }, output, dataset) {
  if (!dataset) return 'There is no dataset to read.';
  if (String(output) !== String([classes.length])) {
    return 'This network does not name digits: it draws them again from what it kept.';
  }
  const takes = shapeWords(network.input_shape);
  const has = shapeWords(dataset.sample_shape);
  return takes === has ? '' : `It takes ${takes}, and ${dataset.name} has ${has}.`;
}
