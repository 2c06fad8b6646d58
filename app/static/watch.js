// One job under the eyes: its state, progress and curves, from the first event to the last.

import { Unreachable, get, post } from './api.js';
import { ACCURACY, LOSS, LineChart } from './chart.js';
import { element } from './dom.js';
import { follow } from './events.js';
import { count, duration, isOver, jobTitle, percent, recipeWords } from './words.js';

export class Watch {
  #job = null;
  #id = null;
  #stream = new AbortController();

  /**
   * @param {HTMLElement} root
   * @param {object} listener
   * @param {(sentence: string) => void} listener.say
   * @param {(job: object) => void} listener.onUpdate whatever has changed
   * @param {(job: object, model: object | null) => void} listener.onEnd it has ended under the eyes
   */
  constructor(root, { say, onUpdate, onEnd }) {
    const find = (selector) => root.querySelector(selector);
    this.root = root;
    this.title = find('h3');
    this.status = find('.status');
    this.cancel = find('#cancel');
    this.summary = find('.summary');
    this.progress = find('.progress');
    this.outcome = find('.outcome');
    this.failure = find('.failure');
    this.problem = find('#watch-problem');
    this.table = find('details');
    this.loss = new LineChart(find('#loss'), 'Loss', LOSS);
    this.accuracy = new LineChart(find('#accuracy'), 'Accuracy', ACCURACY);
    this.say = say;
    this.onUpdate = onUpdate;
    this.onEnd = onEnd;

    this.cancel.addEventListener('click', () => this.#cancel());
    addEventListener('pagehide', () => this.#stream.abort());
    addEventListener('pageshow', ({ persisted }) => persisted && this.#id && this.show(this.#id));
  }

  get id() {
    return this.#id;
  }

  /** @param {string} id the job to watch from now on, in place of any other */
  async show(id) {
    this.#stream.abort();
    this.#stream = new AbortController();
    this.#id = id;
    this.problem.textContent = '';
    const { signal } = this.#stream;
    try {
      await follow(
        `/v1/jobs/${encodeURIComponent(id)}/events`,
        (event) => this.#take(event),
        signal,
      );
      if (!signal.aborted) await this.#conclude(signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#id = null; // so that it can be asked for again
      if (!(error instanceof Unreachable)) this.#vacate(error.message);
    }
  }

  #vacate(reason) {
    this.root.classList.add('vacant');
    this.title.textContent = 'This job cannot be shown';
    this.summary.textContent = reason;
  }

  #take({ event, data }) {
    const job = this.#job;
    if (event === 'snapshot') {
      this.#job = data;
      this.live = !isOver(data.status);
      this.#renderHistory();
    } else if (event === 'status') {
      job.status = data.status;
      this.say(`${jobTitle(job)}: ${job.status}.`);
    } else if (event === 'progress') {
      job.progress = data;
      this.#renderCurves();
    } else if (event === 'epoch') {
      job.history[data.epoch - 1] = data;
      this.#renderHistory();
      const accuracy =
        data.val_accuracy == null ? '' : `, validation accuracy ${percent(data.val_accuracy)}`;
      this.say(`Epoch ${data.epoch} of ${job.config.epochs}${accuracy}.`);
    } else return;
    this.#render();
  }

  /** The job as it ended, and the model that it left. */
  async #conclude(signal) {
    const job = await get(`/v1/jobs/${encodeURIComponent(this.#id)}`, { signal });
    const model = job.model_id
      ? await get(`/v1/models/${encodeURIComponent(job.model_id)}`, { signal }).catch(() => null)
      : null;
    if (signal.aborted) return;
    this.#job = job;
    this.#renderHistory();
    this.#render();
    this.outcome.textContent = outcomeWords(job, model);
    this.outcome.hidden = !this.outcome.textContent;
    if (!this.live) return;
    this.live = false;
    this.say(`${jobTitle(job)}: ${job.status}. ${this.outcome.textContent}`);
    this.onEnd(job, model);
  }

  async #cancel() {
    try {
      await post(`/v1/jobs/${encodeURIComponent(this.#id)}/cancel`);
      this.problem.textContent = '';
      this.root.focus({ preventScroll: true }); // the button is about to go
    } catch (error) {
      this.problem.textContent = error.message;
    }
  }

  #render() {
    const job = this.#job;
    const over = isOver(job.status);
    this.root.classList.remove('vacant');
    this.title.textContent = jobTitle(job);
    this.status.textContent = job.status;
    this.status.dataset.status = job.status;
    this.cancel.hidden = over;
    this.summary.textContent = over ? recipeWords(job.config) : progressWords(job);
    this.outcome.hidden = true;

    const done = Math.round((job.progress?.fraction ?? 0) * 1000) / 10;
    this.progress.hidden = over;
    this.progress.setAttribute('aria-valuenow', done);
    this.progress.setAttribute('aria-valuetext', this.summary.textContent);
    this.progress.firstElementChild.style.width = `${done}%`;

    this.failure.hidden = !job.error;
    if (job.error) {
      this.failure.querySelector('h4').textContent = job.error.title;
      this.failure.querySelector('p').textContent = job.error.detail;
    }
    this.onUpdate(job);
  }

  #renderCurves() {
    const { config, history } = this.#job;
    const column = (name) => Array.from(history, (entry) => entry?.[name] ?? null);
    const pair = (train, validation) => [
      { name: 'Training', look: 'train', values: column(train), live: this.#live(train) },
      { name: 'Validation', look: 'validation', values: column(validation) },
    ];
    this.loss.show(config.epochs, pair('train_loss', 'val_loss'));
    this.accuracy.show(config.epochs, pair('train_accuracy', 'val_accuracy'));
  }

  /** The mean so far of an epoch that has not ended. */
  #live(name) {
    const { config, history, progress, status } = this.#job;
    const value = progress?.[name];
    if (isOver(status) || value == null || progress.epoch <= history.length) return null;
    return { at: progress.fraction * config.epochs, value };
  }

  #renderHistory() {
    const { history } = this.#job;
    this.#renderCurves();
    this.table.hidden = !history.length;
    this.table.querySelector('tbody').replaceChildren(...history.filter(Boolean).map(row));
  }
}

function row({ epoch, train_loss, val_loss, train_accuracy, val_accuracy, seconds }) {
  const loss = (value) => value?.toFixed(4) ?? '–';
  const share = (value) => (value == null ? '–' : percent(value));
  const values = [loss(train_loss), loss(val_loss), share(train_accuracy), share(val_accuracy)];
  return element(
    'tr',
    {},
    element('th', { scope: 'row' }, String(epoch)),
    ...values.map((value) => element('td', {}, value)),
    element('td', {}, seconds?.toFixed(1) ?? '–'),
  );
}

function progressWords({ status, queue_position: position, progress }) {
  if (status === 'queued' && position > 1) return `Number ${position} in the queue`;
  if (status === 'queued') return 'Next in the queue';
  if (!progress?.step) return 'Getting ready';
  if (status === 'paused') return `Paused in epoch ${progress.epoch} of ${progress.epochs}`;
  const parts = [`Epoch ${progress.epoch} of ${progress.epochs}`];
  if (progress.eta_seconds != null) parts.push(`${duration(progress.eta_seconds)} left`);
  const speed = progress.samples_per_second;
  if (speed) parts.push(`${count(speed)} digits a second`);
  return parts.join(' · ');
}

function outcomeWords(job, model) {
  const accuracy = model?.metrics?.test_accuracy;
  if (accuracy != null) {
    const read = `${count(accuracy * 1000)} of 1,000 digits it has never seen`;
    return `Test accuracy ${percent(accuracy)}: it reads ${read}.`;
  }
  if (model?.metrics?.test_loss != null) return `Test loss ${model.metrics.test_loss.toFixed(4)}.`;
  return '';
}
