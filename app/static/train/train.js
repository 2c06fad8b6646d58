// The view Train: a form that starts jobs, one job under the eyes, and the recent ones.

import { Unreachable } from '../api.js';
import { announcer } from '../announcer.js';
import { go } from '../views.js';
import { isOver } from '../words.js';
import { TrainForm } from './form.js';
import { RecentJobs } from './jobs.js';
import { Watch } from './watch.js';

export class Train {
  #addressed = null;
  #started = null;

  /**
   * @param {HTMLElement} section
   * @param {object} listener
   * @param {() => object[] | null} listener.strokes what lies on the drawing pad
   * @param {(model: object) => void} listener.onModel a job has left a model under the eyes
   */
  constructor(section, { strokes, onModel }) {
    const find = (selector) => section.querySelector(selector);
    this.section = section;
    this.jobs = new RecentJobs(find('#jobs'));
    this.form = new TrainForm(find('#train-form'), {
      strokes,
      onStarted: (job) => {
        this.jobs.add(job);
        this.#started = job.id;
        go('train', { job: job.id });
      },
    });
    this.watch = new Watch(find('#watch'), {
      say: announcer(find('#training-announcer'), 2500),
      onUpdate: (job) => {
        this.jobs.update(job);
        const share = Math.floor((job.progress?.fraction ?? 0) * 100);
        document.title = isOver(job.status) ? 'Mnistry' : `${share}% trained · Mnistry`;
      },
      onEnd: (job, model) => {
        if (!model) return;
        onModel(model);
        this.form.refreshChoices().catch(() => {}); // the next look may do better
      },
      onSuggestion: (body) => this.form.send(body),
    });
  }

  /** @param {URLSearchParams} state */
  show(state) {
    this.form.offerProbe();
    this.#addressed = state.get('job');
    if (!this.#addressed) return;
    this.#follow(this.#addressed);
    const watch = this.section.querySelector('#watch');
    watch.querySelector('header').scrollIntoView({ block: 'nearest' });
    if (this.#addressed === this.#started) watch.focus({ preventScroll: true });
    this.#started = null;
  }

  /** Asks the server for everything that is not known yet. */
  async load() {
    const answers = await Promise.allSettled([this.form.load(), this.jobs.refresh()]);
    const shown =
      this.#addressed ?? this.watch.id ?? (this.jobs.unfinished ?? this.jobs.newest)?.id;
    if (shown) this.#follow(shown);
    for (const { reason } of answers) if (reason && !(reason instanceof Unreachable)) throw reason;
  }

  /**
   * Starts a job, as the form would.
   * @throws {Problem | Unreachable}
   */
  start(job) {
    return job ? this.form.send(job) : this.form.start();
  }

  #follow(id) {
    this.jobs.mark(id);
    if (id !== this.watch.id) this.watch.show(id);
  }
}
