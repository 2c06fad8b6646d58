// The curves of a job, and the same as a table: by epoch, step or time, on a linear or logarithmic
// scale.

import { element } from '../dom.js';
import { count, isOver, percent } from '../words.js';
import { ACCURACY, LOSS, LineChart } from './chart.js';

export class Curves {
  #job = null;
  #frame = null;

  /** @param {HTMLElement} root */
  constructor(root) {
    const find = (selector) => root.querySelector(selector);
    this.root = root;
    this.loss = new LineChart(find('#loss'), 'Loss', LOSS);
    this.accuracy = new LineChart(find('#accuracy'), 'Accuracy', ACCURACY);
    this.table = find('.numbers');
    this.axis = find('#axis');
    this.logarithmic = find('#logarithmic');
    this.axis.addEventListener('change', () => this.draw());
    this.logarithmic.addEventListener('change', () => this.draw());
  }

  /** @param {object} job with all that is known of it */
  show(job) {
    const body = this.table.querySelector('tbody');
    if (job.id !== this.#job?.id) body.replaceChildren();
    this.#job = job;
    this.root.classList.toggle('bare', isOver(job.status) && !job.history.length);
    this.draw();
    this.table.hidden = !job.history.length;
    // An epoch that has ended stays as it is, and there may be thousands of them.
    body.append(...job.history.filter(Boolean).slice(body.rows.length).map(row));
  }

  /** Draws what has changed, with the next frame: epochs may end faster than frames are shown. */
  draw() {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null;
      if (this.#job) this.#paint();
    });
  }

  #paint() {
    const { config, history } = this.#job;
    const epochs = Math.max(config.epochs, history.length);
    const kind = this.axis.value;
    const place = this.#places(kind, epochs);
    const axis = { kind, end: place(epochs) };
    const points = (name) =>
      Array.from(history, (entry, i) => ({
        epoch: i + 1,
        x: place(i + 1),
        value: entry?.[name] ?? null,
      }));
    const pair = (train, validation) => [
      { name: 'Training', look: 'train', points: points(train), live: this.#live(train, place) },
      { name: 'Validation', look: 'validation', points: points(validation) },
    ];
    this.loss.logarithmic = this.logarithmic.checked;
    this.loss.show(epochs, axis, pair('train_loss', 'val_loss'));
    this.accuracy.show(epochs, axis, pair('train_accuracy', 'val_accuracy'));
  }

  /** Where an epoch, also a part of one, is on the axis. */
  #places(kind, epochs) {
    const { history, progress } = this.#job;
    if (kind === 'step' && progress?.steps) return (epoch) => (epoch * progress.steps) / epochs;
    if (kind !== 'time' || !history.length) return (epoch) => epoch;
    const ends = [0];
    for (const entry of history) ends.push(ends.at(-1) + (entry?.seconds ?? 0));
    const pace = ends.at(-1) / history.length;
    return (epoch) => {
      const whole = Math.min(Math.floor(epoch), history.length);
      return ends[whole] + (epoch - whole) * pace;
    };
  }

  /** The mean so far of an epoch that has not ended. */
  #live(name, place) {
    const { config, history, progress, status } = this.#job;
    const value = progress?.[name];
    if (isOver(status) || value == null || progress.epoch <= history.length) return null;
    return { x: place(progress.fraction * config.epochs), value };
  }
}

function row(entry) {
  const loss = (value) => value?.toFixed(4) ?? '–';
  const share = (value) => (value == null ? '–' : percent(value));
  const values = [
    loss(entry.train_loss),
    loss(entry.val_loss),
    share(entry.train_accuracy),
    share(entry.val_accuracy),
    entry.learning_rate?.toPrecision(3) ?? '–',
    entry.seconds?.toFixed(1) ?? '–',
  ];
  return element(
    'tr',
    {},
    element('th', { scope: 'row' }, count(entry.epoch)),
    ...values.map((value) => element('td', {}, value)),
  );
}
