// How to train: everything of a job that is not its network. Only what was chosen here is sent.

import { Choice } from './choice.js';
import { Fields } from './fields.js';

/** What most people change. */
const FIRST = {
  epochs: { type: 'integer' },
  learning_rate: { type: 'number' },
  name: { type: 'string', label: 'Name (optional)' },
};

const SAMPLES = {
  batch_size: { type: 'integer', description: 'Digits a step.' },
  train_samples: { type: 'integer', description: 'Learn only the first so many; empty: all.' },
  validation_split: { type: 'number', description: 'The share that is kept to validate on.' },
  patience: {
    type: 'integer',
    label: 'Early stopping after',
    description: 'Epochs without a better validation; empty: never.',
  },
  seed: { type: 'integer', description: 'The same seed gives the same weights; empty: drawn.' },
};

export class Recipe {
  #first = {};
  #samples = {};
  #augmentation = {};
  #recipe = {};
  #datasets = ['mnist'];

  /**
   * @param {HTMLElement} first where the fields that most people change go
   * @param {HTMLElement} more and where the others go
   * @param {object} catalog
   * @param {() => void} onInput
   */
  constructor(first, more, catalog, onInput) {
    this.places = { first, more };
    this.augmentations = catalog.augmentations;
    this.onInput = onInput;
    this.optimizer = new Choice('optimizer', catalog.optimizers, {
      elsewhere: ['learning_rate'],
      onInput: () => {
        this.#buildFirst();
        onInput();
      },
    });
    this.schedule = new Choice('schedule', catalog.schedules, { onInput });
    this.loss = new Choice('loss', catalog.losses, { onInput });
  }

  /** @param {string[]} names of the datasets that there are */
  offerDatasets(names) {
    if (String(names) === String(this.#datasets)) return;
    this.#datasets = names;
    this.#buildMore();
  }

  /** Begins with the recipe of a preset; what a person chose for every recipe stays. */
  reset(recipe) {
    this.#recipe = recipe;
    this.#augmentation = {};
    for (const name of ['epochs', 'learning_rate']) delete this.#first[name];
    for (const choice of [this.optimizer, this.schedule, this.loss])
      choice.reset(recipe[choice.name]);
    this.#buildFirst();
    this.#buildMore();
  }

  get epochs() {
    return Number(this.#first.epochs ?? this.#recipe.epochs);
  }

  get body() {
    const { learning_rate: rate, ...first } = this.#first;
    const { patience, ...samples } = this.#samples;
    const body = { ...first, ...samples };
    const optimizer = this.optimizer.read(rate === undefined ? {} : { learning_rate: rate });
    const [schedule, loss] = [this.schedule.read(), this.loss.read()];
    if (optimizer) body.optimizer = optimizer;
    if (schedule) body.schedule = schedule;
    if (loss) body.loss = loss;
    if (patience !== undefined) body.early_stopping = { patience };
    if (Object.keys(this.#augmentation).length) {
      body.augmentation = { ...this.#recipe.augmentation, ...this.#augmentation };
    }
    return body;
  }

  /** Shows each error at its field; gives back the others. */
  showProblems(errors) {
    let left = errors.map((error) => ({ ...error, loc: inForm(error.loc) }));
    for (const part of [this.first, this.samples, this.optimizer, this.schedule, this.loss]) {
      left = part.showProblems(left);
    }
    return this.augmentation.showProblems(left, ['augmentation']);
  }

  #buildFirst() {
    const defaults = {
      epochs: this.#recipe.epochs,
      learning_rate: this.optimizer.defaultOf('learning_rate'),
    };
    this.first = new Fields(FIRST, { values: this.#first, defaults, onInput: this.onInput });
    this.places.first.replaceChildren(this.first.node);
  }

  #buildMore() {
    const { onInput } = this;
    const recipe = this.#recipe;
    const dataset = {
      enum: this.#datasets,
      words: named(this.#datasets),
      description: 'What is learnt.',
    };
    this.samples = new Fields(
      { dataset, ...SAMPLES },
      {
        values: this.#samples,
        defaults: { ...recipe, patience: recipe.early_stopping?.patience, dataset: 'mnist' },
        onInput,
      },
    );
    const defaults = recipe.augmentation ?? {};
    this.augmentation = new Fields(this.augmentations, {
      values: this.#augmentation,
      defaults,
      onInput,
    });
    const groups = [
      group('Digits', this.samples.node),
      this.optimizer.node,
      this.schedule.node,
      this.loss.node,
      group('Augmentation', this.augmentation.node),
    ];
    this.places.more.replaceChildren(...groups);
  }
}

/** Names of datasets as they are. */
const named = (names) => Object.fromEntries(names.map((name) => [name, name]));

/** Where the form has a field that the body has in another place. */
function inForm(loc) {
  const path = loc.join('.');
  if (path === 'optimizer.learning_rate') return ['learning_rate'];
  if (path === 'early_stopping.patience') return ['patience'];
  return loc;
}

function group(title, node) {
  const fieldset = document.createElement('fieldset');
  const legend = document.createElement('legend');
  legend.textContent = title;
  fieldset.append(legend, node);
  return fieldset;
}
