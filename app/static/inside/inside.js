// Look inside: a model's architecture, mistakes, filters, activations and confidence, and the data
// that it learns from. Which of them is open is in the address.

import { Unreachable, connection } from '../api.js';
import { Address } from '../address.js';
import { allDatasets, allModels, offer, withTests } from '../choices.js';
import { element, stylesheet } from '../dom.js';
import { field } from '../field.js';
import { ModelChoice } from '../model_choice.js';
import { panel } from '../panel.js';
import { welcome } from '../welcome.js';
import { Activations } from './activations.js';
import { Architecture } from './architecture.js';
import { DatasetBrowser } from './browser.js';
import { DatasetUpload } from './dataset_upload.js';
import { Evaluation } from './evaluation.js';
import { Facts } from './facts.js';
import { Filters } from './filters.js';
import { shapeWords } from './network.js';

/** @param {HTMLElement} section where the view is built; called once */
export async function mount(section) {
  const sheets = ['style/watch.css', 'views.css', 'inside/inside.css'];
  await Promise.all(sheets.map((name) => stylesheet(`/static/${name}`)));
  new Inside(section).load();
}

class Inside {
  #datasets = [];
  #state;

  constructor(section) {
    section.className = 'view'; // sheets in place of one sheet
    section.replaceChildren();
    this.address = new Address('inside', (parameters) => this.#follow(parameters));
    this.#state = Object.fromEntries(this.address.parameters);

    this.#buildHead(section);
    this.#buildParts(section);
    this.#listen(section);
  }

  #buildHead(section) {
    this.model = new ModelChoice();
    this.problem = element('p', { className: 'problem', role: 'alert' });
    this.welcome = welcome(
      'There is no model yet',
      'Train one, and see here how it is built, what it mistakes, and what it looks for in a digit.',
    );
    const head = section.appendChild(element('div', { className: 'sheet panel' }));
    head.append(
      element(
        'header',
        { className: 'sheet-head' },
        element('h2', { id: 'inside-title' }, 'Look inside'),
        element('label', { className: 'reader' }, 'Model ', this.model.select),
      ),
      this.problem,
      this.welcome,
    );
    this.facts = new Facts(head);
  }

  /** The parts in the order of the page; a sample that is opened in one is followed in another. */
  #buildParts(section) {
    const architecture = panel(section, 'Architecture');
    this.architecture = new Architecture(architecture);
    const mistakes = panel(section, 'Mistakes');
    this.walk = panel(section, 'Layer by layer');
    const pair = section.appendChild(element('div', { className: 'pair' }));
    this.ofModel = [architecture, mistakes, this.walk, pair];
    this.filters = new Filters(panel(pair, 'What the first layer looks for'));
    const confidence = panel(pair, 'Can its confidence be trusted?');

    this.dataset = element('select');
    this.split = element('select');
    const splits = ['test', 'train'].map((value) => ({ value, text: value }));
    offer(this.split, splits, this.#state.split);
    const controls = element(
      'div',
      { className: 'controls' },
      field('Dataset', this.dataset),
      field('Split', this.split),
    );
    mistakes.append(controls);
    this.evaluation = new Evaluation(
      { controls, figures: mistakes, calibration: confidence },
      (sample) => this.#open(sample),
      (cell) => this.#remember({ true: cell?.label, read: cell?.predicted }),
    );
    this.activations = new Activations(this.walk, (sample) =>
      this.#remember({ sample: sample && `${sample.dataset}/${sample.split}/${sample.index}` }),
    );
    this.browser = new DatasetBrowser(panel(section, 'The data'), {
      onSample: (sample) => this.#open(sample),
      onChoice: ({ data, split, label }) => this.#remember({ data, part: split, class: label }),
    });
    new DatasetUpload(panel(section, 'Data of your own'), (name) => this.#uploaded(name));
  }

  #listen(section) {
    this.model.select.addEventListener('change', () => this.#choose({ model: this.model.name }));
    this.dataset.addEventListener('change', () => this.#choose({ dataset: this.dataset.value }));
    this.split.addEventListener('change', () => this.#choose({ split: this.split.value }));
    connection.addEventListener('back', () => this.load());
    addEventListener('hashchange', () => section.hidden || this.#refreshChoices());
  }

  #open(sample) {
    this.activations.take(sample);
    this.walk.scrollIntoView();
    this.walk.querySelector('h3').focus({ preventScroll: true });
  }

  async load() {
    try {
      await this.#fetch();
      this.problem.textContent = '';
      const { data = this.dataset.value, part, class: label, sample } = this.#state;
      this.browser.show(this.#datasets, { data, split: part, label });
      this.#render();
      const [dataset, split, index] = (sample ?? '').split('/');
      if (index !== undefined) this.activations.take({ dataset, split, index: Number(index) });
    } catch (error) {
      this.#explain(error);
    }
  }

  async #fetch() {
    const [models, datasets] = await Promise.all([allModels(), allDatasets()]);
    this.#datasets = datasets;
    this.model.offer(models, this.#state.model);
    offer(
      this.dataset,
      withTests(this.#datasets).map(({ name }) => ({ value: name, text: name })),
      this.#state.dataset ?? this.model.model?.dataset,
    );
  }

  /** Models may have come while another view was open. */
  async #refreshChoices() {
    try {
      const before = this.model.model?.id;
      await this.#fetch();
      if (this.model.model?.id !== before) this.#render();
    } catch (error) {
      this.#explain(error);
    }
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
    const { model } = this.model;
    this.welcome.hidden = Boolean(model);
    for (const part of this.ofModel) part.hidden = !model;
    if (!model) return;
    const dataset = this.#datasets.find(({ name }) => name === this.dataset.value);
    this.facts.show(model, this.model.name);
    this.filters.show(model);
    this.activations.show(model, dataset);
    try {
      const { macs, output } = await this.architecture.show(model);
      if (this.model.model !== model) return;
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

function misfitWords({ network, classes }, output, dataset) {
  if (!dataset) return 'There is no dataset to read.';
  if (String(output) !== String([classes.length])) {
    return 'This network does not name digits: it draws them again from what it kept.';
  }
  const takes = shapeWords(network.input_shape);
  const has = shapeWords(dataset.sample_shape);
  return takes === has ? '' : `It takes ${takes}, and ${dataset.name} has ${has}.`;
}
