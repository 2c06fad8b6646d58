// “It is a …”: a drawing is kept with its true label, in a dataset that has MNIST's digits too, and a
// job can go on with the model that read it on that.

import { post } from '../api.js';
import { allDatasets } from '../choices.js';
import { element } from '../dom.js';
import { offerRequest } from '../requests.js';
import { DIGITS } from '../words.js';
import { blobOf } from './picture.js';

const NAME = 'my-digits';
const DATASETS = '/v1/datasets';
const COPY = { name: NAME, from: 'mnist' };
const SAMPLES = `${DATASETS}/${NAME}/samples?split=train`;

export class Correction {
  #drawing = null;
  #kept = 0;

  /**
   * @param {HTMLElement} root
   * @param {(job: object) => Promise<void>} onTrain a job that learns what was kept is wanted
   */
  constructor(root, onTrain) {
    this.root = root;
    this.details = root.querySelector('details');
    this.labels = root.querySelector('.labels');
    this.kept = root.querySelector('.kept');
    this.problem = root.querySelector('.problem');
    this.train = root.querySelector('.train-with');
    this.labels.append(
      ...DIGITS.map((label) => {
        const button = element('button', { type: 'button' }, label);
        button.addEventListener('click', () => this.#keep(label));
        return button;
      }),
    );
    this.train.addEventListener('click', () => this.#train(onTrain));
    offerRequest(
      root.querySelector('.as-request'),
      () =>
        this.#drawing && [
          { title: 'Once: MNIST, to be added to', path: DATASETS, body: COPY },
          { title: 'Then every drawing', path: SAMPLES, body: this.#form('7') },
        ],
    );
  }

  /**
   * @param {{picture: string, strokes?: object[], model: object} | null} drawing what may be
   *   kept, and the model that has read it
   */
  offer(drawing) {
    const same = drawing && drawing.picture === this.#drawing?.picture;
    this.#drawing = drawing;
    this.root.hidden = !drawing || String(drawing.model?.classes) !== String(DIGITS);
    if (same) return;
    this.problem.textContent = '';
    if (!this.#kept) this.#say('');
  }

  #form(label) {
    const form = new FormData();
    form.append(
      'file',
      new File([blobOf(this.#drawing.picture)], 'drawing.png', { type: 'image/png' }),
    );
    form.append('label', label);
    return form;
  }

  async #keep(label) {
    const form = this.#form(label);
    this.problem.textContent = '';
    this.labels.setAttribute('aria-busy', 'true');
    try {
      await makeDataset();
      await post(SAMPLES, form);
      this.#kept += 1;
      const all = this.#kept === 1 ? '' : ` ${this.#kept} of yours are new there.`;
      this.#say(`Kept as ${label} in “${NAME}”.${all}`);
      this.details.open = false;
      this.train.focus();
    } catch (error) {
      this.problem.textContent = error.message;
    } finally {
      this.labels.removeAttribute('aria-busy');
    }
  }

  #say(sentence) {
    this.kept.textContent = sentence;
    this.train.hidden = !sentence;
  }

  async #train(onTrain) {
    const { model, strokes } = this.#drawing;
    const network = model.network_id
      ? { network_id: model.network_id }
      : { network: model.network };
    try {
      await onTrain({
        ...network,
        init_from: model.id,
        dataset: NAME,
        epochs: 2,
        optimizer: { type: 'adam', learning_rate: 0.0005 },
        name: 'With my digits',
        ...(strokes && { probe: { strokes } }),
      });
      this.#kept = 0;
      this.#say('');
    } catch (error) {
      this.problem.textContent = error.message;
    }
  }
}

async function makeDataset() {
  const datasets = await allDatasets();
  if (!datasets.some(({ name }) => name === NAME)) await post(DATASETS, COPY);
}
