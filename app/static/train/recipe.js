// How to train: everything of a job that is not its network. Only what was chosen here is sent.

import { Choice } from './choice.js';
import { Fields } from './fields.js';
import { END, FIRST, LABELS, RANDOM, SAMPLES, WEIGHTS } from './job_fields.js';

export class Recipe {
  #first = {};
  #others = {};
  #augmentation = {};
  #recipe = {};
  #choices = null;

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

  /**
   * @typedef {{value: string, text: string}[]} Entries
   * @param {{datasets: Entries, models: Entries}} choices what can be learnt, and gone on with
   */
  offer(choices) {
    this.#choices = choices;
    this.samples.offer('dataset', choices.datasets);
    this.weights.offer('init_from', [{ value: '', text: RANDOM }, ...choices.models]);
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
    const { patience, ...others } = this.#others;
    const body = { ...first, ...others };
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
    const groups = [this.samples, this.weights, this.end, this.labels];
    for (const part of [this.first, ...groups, this.optimizer, this.schedule, this.loss]) {
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
    const chosen = {
      values: this.#others,
      defaults: { ...recipe, patience: recipe.early_stopping?.patience },
      onInput,
    };
    this.samples = new Fields(SAMPLES, chosen);
    this.weights = new Fields(WEIGHTS, chosen);
    this.end = new Fields(END, chosen);
    this.labels = new Fields(LABELS, chosen);
    if (this.#choices) this.offer(this.#choices);
    const defaults = recipe.augmentation ?? {};
    this.augmentation = new Fields(this.augmentations, {
      values: this.#augmentation,
      defaults,
      onInput,
    });
    const groups = [
      group('Digits', this.samples.node),
      group('Weights', this.weights.node),
      group('End', this.end.node),
      this.optimizer.node,
      this.schedule.node,
      this.loss.node,
      group('Augmentation', this.augmentation.node),
      group('To find it by', this.labels.node),
    ];
    this.places.more.replaceChildren(...groups);
  }
}

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
