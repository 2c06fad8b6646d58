// What a model is worth on a dataset: the confusion matrix, whose cells open their images, the
// figures of each class, and whether it is right as often as it says.

import { Unreachable, get, post } from '../api.js';
import { element } from '../dom.js';
import { requestButton } from '../request_button.js';
import { count, percent } from '../words.js';
import { Calibration } from './calibration.js';
import { ClassTable } from './class_table.js';
import { ConfusionMatrix } from './confusion.js';
import { Gallery } from '../gallery.js';

const AT_ONCE = 5e10; // multiply-adds that are computed unasked: some seconds on a laptop
const MOST_RIGHT = 100; // of the samples that were read right, so many are shown

export class Evaluation {
  #known = new Map();
  #shown = null;
  #cell = null;

  /**
   * @param {{controls: HTMLElement, figures: HTMLElement, calibration: HTMLElement}} roots
   * @param {(sample: {dataset: string, split: string, index: number}) => void} onSample
   * @param {(cell: {label: string, predicted: string} | null) => void} onCell which cell is open
   */
  constructor({ controls, figures, calibration }, onSample, onCell) {
    this.onCell = onCell;
    this.status = element('p', { role: 'status' });
    this.start = element('button', { type: 'button', className: 'primary', hidden: true });
    this.start.addEventListener('click', () => this.#evaluate());
    this.request = requestButton(() => this.#request, 'this evaluation');
    controls.append(this.request);
    const scroll = element('div', { className: 'scroll-x' });
    const side = element('div', { className: 'mistakes' });
    this.worst = element('button', { type: 'button', hidden: true }, 'Back to the worst');
    this.worst.addEventListener('click', () => this.#open(null, true));
    this.body = element('div', { className: 'figures', hidden: true }, scroll, side);
    figures.append(this.status, this.start, this.body);
    this.matrix = new ConfusionMatrix(scroll, (cell) => this.#open(cell, true));
    this.gallery = new Gallery(side, onSample);
    side.append(this.worst);
    this.classes = new ClassTable(figures);
    this.calibrationRoot = calibration;
    this.calibration = new Calibration(calibration);
  }

  /**
   * @param {object} subject
   * @param {object} subject.model
   * @param {object} subject.dataset
   * @param {'train' | 'test'} subject.split
   * @param {number} subject.macs of one sample
   * @param {{label: string, predicted: string} | null} cell the one to open
   */
  async show(subject, cell) {
    this.subject = subject;
    this.#cell = cell;
    const { dataset, split, macs } = subject;
    const samples = dataset[`${split}_samples`];
    this.start.textContent = `Read all ${count(samples)} samples`;
    if (this.#known.has(this.#key) || macs * samples <= AT_ONCE) return this.#evaluate();
    this.#hide('This network takes its time: reading all samples may need minutes.');
    this.start.hidden = false;
  }

  /** Says that there is nothing to evaluate, and why. */
  leave(why) {
    this.subject = null;
    this.#hide(why);
  }

  get #key() {
    const { model, dataset, split } = this.subject;
    return `${model.id} ${dataset.name} ${dataset.version} ${split}`;
  }

  get #request() {
    const { model, dataset, split } = this.subject;
    const path = `/v1/models/${encodeURIComponent(model.id)}/evaluate`;
    return { path, body: { dataset: dataset.name, split } };
  }

  #hide(words) {
    this.#shown = null;
    this.body.hidden = this.calibrationRoot.hidden = this.classes.root.hidden = true;
    this.start.hidden = true;
    this.request.hidden = !this.subject;
    this.status.textContent = words;
  }

  async #evaluate() {
    const key = this.#key;
    this.#hide(`Reading ${count(this.subject.dataset[`${this.subject.split}_samples`])} samples …`);
    try {
      if (!this.#known.has(key)) {
        const { path, body } = this.#request;
        this.#known.set(key, await post(path, body));
      }
      if (this.subject && this.#key === key) this.#render(this.#known.get(key));
    } catch (error) {
      if (!this.subject || this.#key !== key) return;
      this.status.textContent = error.message;
      this.start.hidden = !(error instanceof Unreachable);
    }
  }

  #render(figures) {
    this.#shown = figures;
    const classes = figures.per_class.map(({ label }) => label);
    const wrong = figures.mistakes.length;
    this.status.textContent =
      `${percent(figures.accuracy)} right: ${count(wrong)} of ${count(figures.samples)} misread. ` +
      `Mean loss ${figures.loss.toPrecision(3)}.`;
    this.body.hidden = this.calibrationRoot.hidden = this.classes.root.hidden = false;
    this.matrix.show(figures.confusion_matrix, classes);
    this.classes.show(figures.per_class);
    this.calibration.show(figures.calibration);
    this.#open(this.#cell, false);
  }

  async #open(cell, byHand) {
    this.#cell = cell;
    this.matrix.mark(cell);
    this.worst.hidden = cell === null;
    if (byHand) this.onCell(cell);
    const from = { dataset: this.subject.dataset.name, split: this.subject.split };
    if (cell && cell.label === cell.predicted) {
      const right = await this.#readRight(cell.label, from);
      if (this.#cell !== cell) return;
      this.gallery.show(`Read right: ${cell.label}`, right, from);
    } else {
      const wanted = this.#shown.mistakes.filter(
        ({ label, predicted }) => !cell || (label === cell.label && predicted === cell.predicted),
      );
      const title = cell ? `${cell.label}, read as ${cell.predicted}` : 'The worst mistakes';
      this.gallery.show(title, wanted.map(mistakeWords), from);
    }
    if (byHand) this.gallery.title.focus({ preventScroll: true });
  }

  /** The API names those that were misread: these are the others of the class. */
  async #readRight(label, { dataset, split }) {
    const misread = new Set(this.#shown.mistakes.map(({ index }) => index));
    const query = new URLSearchParams({ split, label, limit: MOST_RIGHT });
    const path = `/v1/datasets/${encodeURIComponent(dataset)}/samples?${query}`;
    const { data } = await get(path).catch(() => ({ data: [] }));
    return data
      .filter(({ index }) => !misread.has(index))
      .map(({ index }) => ({ index, words: [`no. ${count(index)}`] }));
  }
}

const mistakeWords = ({ index, label, predicted, confidence }) => ({
  index,
  words: [`${label}, read as ${predicted}`, `${percent(confidence)} sure`],
});
