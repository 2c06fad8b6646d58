// One job under the eyes: its state, progress and curves, from the first event to the last.

import { Unreachable, get, post } from '../api.js';
import { element } from '../dom.js';
import { offerRequest } from '../requests.js';
import { count, duration, isOver, jobTitle, percent, recipeWords } from '../words.js';
import { Curves } from './curves.js';
import { follow } from './events.js';
import { Probe } from './probe.js';
import { suggestionWords } from './suggestion.js';

/** The buttons, and the states in which the server would do what they say. */
const ACTIONS = {
  pause: ['queued', 'running'],
  resume: ['paused'],
  cancel: ['queued', 'running', 'paused'],
};

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
   * @param {(body: object) => Promise<void>} listener.onSuggestion this job is to be tried instead
   */
  constructor(root, { say, onUpdate, onEnd, onSuggestion }) {
    const find = (selector) => root.querySelector(selector);
    this.root = root;
    this.title = find('h3');
    this.status = find('.status');
    this.buttons = Object.fromEntries(Object.keys(ACTIONS).map((name) => [name, find(`#${name}`)]));
    this.summary = find('.summary');
    this.labels = find('.job-labels');
    this.progress = find('.progress');
    this.outcome = find('.outcome');
    this.failure = find('.failure');
    this.problem = find('#watch-problem');
    this.curves = new Curves(root);
    this.probe = new Probe(find('.probe'));
    this.say = say;
    this.onUpdate = onUpdate;
    this.onEnd = onEnd;

    for (const [name, button] of Object.entries(this.buttons)) {
      button.addEventListener('click', () => this.#act(name));
    }
    this.failure.querySelector('button').addEventListener('click', async () => {
      try {
        await onSuggestion(this.#job.error.suggestion);
      } catch (error) {
        this.problem.textContent = error.message;
      }
    });
    offerRequest(find('.as-request'), () => this.#requests());
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
    this.problem.textContent = '';
    if (id !== this.#id) this.#vacate('Opening the job', ''); // no button acts on another than is seen
    this.#id = id;
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
      if (error instanceof Unreachable) return;
      this.#vacate('This job cannot be shown', error.message);
    }
  }

  #vacate(title, summary) {
    this.root.classList.add('vacant');
    this.title.textContent = title;
    this.summary.textContent = summary;
  }

  #take({ event, data }) {
    const job = this.#job;
    if (event === 'snapshot') {
      this.#job = data;
      this.live = !isOver(data.status);
      this.#label(data);
      this.curves.show(data);
      this.probe.begin(data);
    } else if (event === 'status') {
      job.status = data.status;
      this.say(`${jobTitle(job)}: ${job.status}.`);
    } else if (event === 'progress') {
      job.progress = data;
      this.curves.draw();
    } else if (event === 'epoch') {
      job.history[data.epoch - 1] = data;
      this.curves.show(job);
      const accuracy =
        data.val_accuracy == null ? '' : `, validation accuracy ${percent(data.val_accuracy)}`;
      this.say(`Epoch ${data.epoch} of ${job.config.epochs}${accuracy}.`);
    } else if (event === 'probe') {
      return this.probe.take(data);
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
    this.curves.show(job);
    this.#render();
    if (model) this.probe.ask(model).catch(() => {}); // what it said last stays
    this.outcome.textContent = outcomeWords(job, model);
    this.outcome.hidden = !this.outcome.textContent;
    if (!this.live) return;
    this.live = false;
    this.say(`${jobTitle(job)}: ${job.status}. ${this.outcome.textContent}`);
    this.onEnd(job, model);
  }

  async #act(name) {
    try {
      await post(this.#path(name));
      this.problem.textContent = '';
      this.root.focus({ preventScroll: true }); // the button is about to go
    } catch (error) {
      this.problem.textContent = error.message;
    }
  }

  #path(name) {
    return `/v1/jobs/${encodeURIComponent(this.#id)}/${name}`;
  }

  #requests() {
    const { status, error } = this.#job;
    const possible = Object.keys(ACTIONS).filter((name) => ACTIONS[name].includes(status));
    const titled = (name) => ({
      title: name[0].toUpperCase() + name.slice(1),
      path: this.#path(name),
    });
    const events = { title: 'Follow', method: 'GET', path: this.#path('events'), stream: true };
    const tried = error?.suggestion && {
      title: 'Try the suggestion',
      path: '/v1/jobs',
      body: error.suggestion,
    };
    return [...(tried ? [tried] : []), ...possible.map(titled), events];
  }

  /** What a person said of the job: its tags and notes. */
  #label({ tags, notes }) {
    const chips = tags.map((tag) => element('span', { className: 'tag', dir: 'auto' }, tag));
    this.labels.replaceChildren(...chips, element('span', { dir: 'auto' }, notes ?? ''));
    this.labels.hidden = !tags.length && !notes;
  }

  #render() {
    const job = this.#job;
    const over = isOver(job.status);
    this.root.classList.remove('vacant');
    this.title.textContent = jobTitle(job);
    this.status.textContent = job.status;
    this.status.dataset.status = job.status;
    for (const [name, button] of Object.entries(this.buttons)) {
      button.hidden = !ACTIONS[name].includes(job.status);
    }
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
      const { suggestion } = job.error;
      this.failure.querySelector('button').hidden = !suggestion;
      const words = suggestion ? suggestionWords(suggestion, job.config) : '';
      this.failure.querySelector('.suggestion').textContent = words;
    }
    this.onUpdate(job);
  }
}

function progressWords({ status, queue_position: position, progress }) {
  if (status === 'queued' && position > 1) return `Number ${position} in the queue`;
  if (status === 'queued') return 'Next in the queue';
  const begun = Boolean(progress?.step);
  if (status === 'paused' && !begun) return 'Paused before it began';
  if (!begun) return 'Getting ready';
  if (status === 'paused') return `Paused in epoch ${progress.epoch} of ${progress.epochs}`;
  const parts = [`Epoch ${progress.epoch} of ${progress.epochs}`];
  if (progress.eta_seconds != null) parts.push(`${duration(progress.eta_seconds)} left`);
  const speed = progress.samples_per_second;
  if (speed) parts.push(`${count(speed)} digits a second`);
  if (progress.learning_rate) parts.push(`learning rate ${progress.learning_rate.toPrecision(2)}`);
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
