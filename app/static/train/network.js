// The network that is to be trained: a preset as it is, or what was made of it. The server checks it
// while it is edited, and says what it costs.

import { Problem, post } from '../api.js';
import { element } from '../dom.js';
import { latestOnly } from '../latest.js';
import { count, duration } from '../words.js';
import { LayerList } from './layers.js';

const FAVOURITE = 'mlp'; // the quickest that reads well
const CHECK_EVERY = 250; // ms

export class Network {
  #presets;
  #layers = null;
  #edited = false;
  #estimate = null;

  /**
   * @param {HTMLElement} root
   * @param {object} listener
   * @param {() => void} listener.onPreset another preset was chosen
   * @param {() => void} listener.onCost what an epoch costs is known anew
   */
  constructor(root, { onPreset, onCost }) {
    const find = (selector) => root.querySelector(selector);
    this.root = root;
    this.presets = find('#presets');
    this.description = find('#description');
    this.cost = find('#cost');
    this.problem = find('#network-problem');
    this.reset = find('#reset');
    this.editor = find('#layers');
    this.onCost = onCost;
    this.onPreset = onPreset;
    this.presets.addEventListener('change', () => this.#choose());
    this.reset.addEventListener('click', () => {
      this.#choose();
      this.presets.querySelector(':checked').focus();
    });
    this.checker = latestOnly(
      (body, signal) => post('/v1/networks/validate', body, { signal }),
      {
        answered: (answer) => this.#checked(answer),
        failed: (error) => this.#refused(error),
      },
      CHECK_EVERY,
    );
  }

  /** @param {{layers: object, presets: object}} catalog */
  load({ layers, presets }) {
    this.#presets = presets;
    const names = Object.keys(presets);
    const chosen = names.includes(FAVOURITE) ? FAVOURITE : names[0];
    this.presets.replaceChildren(
      ...names.map((name) => {
        const radio = { type: 'radio', name: 'preset', value: name, checked: name === chosen };
        return element('label', {}, element('input', radio), element('span', {}, name));
      }),
    );
    this.#layers = new LayerList(layers, () => this.#edit());
    this.editor.replaceChildren(this.#layers.node);
    this.#choose();
  }

  get #preset() {
    return this.#presets[this.#name];
  }

  get #name() {
    return this.presets.querySelector(':checked').value;
  }

  /** The recipe that suits the preset. */
  get recipe() {
    return this.#preset.recipe;
  }

  /** Seconds an epoch takes here; null where that is not known. */
  get secondsPerEpoch() {
    return this.#estimate;
  }

  /** What a job says of its network; what was edited brings the preset's recipe along. */
  get body() {
    if (!this.#edited) return { preset: this.#name };
    return { network: { name: `${this.#name}, changed`, ...this.#definition }, ...this.recipe };
  }

  get #definition() {
    return { input_shape: this.#preset.input_shape, layers: this.layers };
  }

  #choose() {
    this.#edited = false;
    this.layers = structuredClone(this.#preset.layers);
    this.#layers.show(this.layers);
    this.description.textContent = this.#preset.description;
    this.reset.hidden = true;
    this.onPreset();
    this.checker.ask({ preset: this.#name });
  }

  #edit() {
    this.#edited = true;
    this.reset.hidden = false;
    this.checker.ask(this.#definition);
  }

  #checked({ parameters, macs, estimate, summary }) {
    this.showProblems([], []);
    this.#layers.describe(summary);
    this.#estimate = estimate.seconds_per_epoch;
    const counts = `${count(parameters)} parameters · ${count(macs)} multiply-adds a digit`;
    const time = this.#estimate == null ? '' : ` · ${duration(this.#estimate)} an epoch here`;
    this.cost.textContent = counts + time;
    this.onCost();
  }

  #refused(error) {
    this.cost.textContent = '';
    this.#layers.describe([]);
    if (!(error instanceof Problem)) return;
    const left = this.showProblems(error.errors, []);
    this.problem.textContent = left.map(({ msg }) => msg).join(' ');
  }

  /** Shows each error at its layer; gives back the others. */
  showProblems(errors, place) {
    this.problem.textContent = '';
    return this.#layers.showProblems(errors, [...place, 'layers']);
  }
}
