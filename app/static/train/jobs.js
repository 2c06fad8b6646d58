// The recent jobs, newest first, each with its course as a sparkline; kept fresh while the page is
// visible.

import { get } from '../api.js';
import { element } from '../dom.js';
import { address } from '../views.js';
import { ago, isOver, jobTitle, percent } from '../words.js';
import { sparkline } from './sparkline.js';

const SHOWN = 12;
const BUSY = 3000; // ms between two looks while something trains
const IDLE = 15_000;

export class RecentJobs {
  #jobs = [];
  #items = new Map();
  #timer = null;
  #watched = null;

  /** @param {HTMLOListElement} list */
  constructor(list) {
    this.list = list;
    this.none = list.nextElementSibling;
    document.addEventListener('visibilitychange', () => this.#look());
  }

  /** The job that is not over yet and came first, if there is one. */
  get unfinished() {
    return this.#jobs.findLast((job) => !isOver(job.status)) ?? null;
  }

  get newest() {
    return this.#jobs[0] ?? null;
  }

  async refresh() {
    clearTimeout(this.#timer);
    try {
      this.#jobs = (await get(`/v1/jobs?limit=${SHOWN}`)).data;
      this.#render();
    } finally {
      const wait = this.unfinished ? BUSY : IDLE;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#look(), wait);
    }
  }

  #look() {
    if (!document.hidden) this.refresh().catch(() => {}); // the next look may do better
  }

  /** A job that has just been started. */
  add(job) {
    this.#jobs = [job, ...this.#jobs].slice(0, SHOWN);
    this.#render();
  }

  /** What is known of a job before the next look. */
  update(job) {
    const known = this.#jobs.findIndex(({ id }) => id === job.id);
    if (known < 0) return;
    this.#jobs[known] = job;
    this.#fill(job);
  }

  /** @param {string} id the job that is watched */
  mark(id) {
    this.#watched = id;
    this.#render();
  }

  /** Items are kept, so that the focus stays where it is. */
  #render() {
    const items = new Map(
      this.#jobs.map((job) => [job.id, this.#items.get(job.id) ?? newItem(job.id)]),
    );
    this.#jobs.forEach((job, i) => {
      const item = items.get(job.id);
      if (this.list.children[i] !== item)
        this.list.insertBefore(item, this.list.children[i] ?? null);
    });
    for (const [id, item] of this.#items) if (!items.has(id)) item.remove();
    this.#items = items;
    this.none.hidden = items.size > 0;
    this.#jobs.forEach((job) => this.#fill(job));
  }

  #fill(job) {
    const link = this.#items.get(job.id).firstElementChild;
    if (job.id === this.#watched) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');

    const status = element('span', { className: 'status' }, stateWords(job));
    status.dataset.status = job.status;
    const course = job.history?.map((entry) => entry?.val_accuracy ?? entry?.val_loss ?? null);
    link.replaceChildren(
      element('b', { dir: 'auto' }, jobTitle(job)),
      sparkline(course ?? []),
      status,
      element('time', { dateTime: job.created_at }, ago(job.created_at)),
    );
  }
}

function newItem(id) {
  return element('li', {}, element('a', { href: address('train', { job: id }) }));
}

function stateWords({ status, progress, metrics }) {
  if (status === 'running') return `${Math.round((progress?.fraction ?? 0) * 100)}%`;
  if (status === 'succeeded' && metrics?.val_accuracy != null) return percent(metrics.val_accuracy);
  return status;
}
