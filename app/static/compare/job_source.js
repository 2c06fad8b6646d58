// The jobs that are compared: the newest by page, those that the address names one by one, all of
// them fresh as long as one of them trains and somebody looks.

import { get } from '../api.js';
import { isOver } from '../words.js';

const A_PAGE = 100;
const BUSY = 3000; // ms between two looks while something trains
const IDLE = 15_000;

export class JobSource {
  #jobs = new Map();
  #listed = [];
  #cursor = null;
  #timer = null;
  #pages = 1;
  #filter = {};

  /**
   * @param {() => boolean} isShown
   * @param {(error: Error | null) => void} onChange
   */
  constructor(isShown, onChange) {
    this.isShown = isShown;
    this.onChange = onChange;
    document.addEventListener('visibilitychange', () => this.#look());
  }

  /** Those that the filter lets through, newest first. */
  get listed() {
    return this.#listed.map((id) => this.#jobs.get(id));
  }

  get hasOlder() {
    return this.#cursor !== null;
  }

  /** @param {string} id */
  find(id) {
    return this.#jobs.get(id);
  }

  /**
   * @param {{status?: string, tag?: string}} filter what the API filters by
   * @param {Iterable<string>} wanted ids that shall be known, whatever the filter says
   */
  async show(filter, wanted) {
    this.#filter = filter;
    this.wanted = wanted;
    this.#pages = 1;
    await this.refresh();
  }

  showOlder() {
    this.#pages += 1;
    return this.refresh();
  }

  async refresh() {
    clearTimeout(this.#timer);
    const filter = this.#filter;
    try {
      const listed = await this.#list(filter);
      await this.#fetchMissing(listed);
      if (filter !== this.#filter) return;
      for (const job of listed) this.#jobs.set(job.id, job);
      this.#listed = listed.map(({ id }) => id);
      this.onChange(null);
    } catch (error) {
      if (filter === this.#filter) this.onChange(error);
    } finally {
      const busy = this.listed.some(({ status }) => !isOver(status));
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#look(), busy ? BUSY : IDLE);
    }
  }

  async #list({ status, tag }) {
    const found = [];
    let cursor = null;
    for (let page = 0; page < this.#pages; page += 1) {
      const query = new URLSearchParams({ limit: A_PAGE });
      if (status) query.set('status', status);
      if (tag) query.set('tag', tag);
      if (cursor) query.set('cursor', cursor);
      const answer = await get(`/v1/jobs?${query}`);
      found.push(...answer.data);
      cursor = answer.next_cursor;
      if (!cursor) break;
    }
    this.#cursor = cursor;
    return found;
  }

  async #fetchMissing(listed) {
    const known = new Set(listed.map(({ id }) => id));
    const missing = [...this.wanted].filter((id) => !known.has(id));
    const path = (id) => `/v1/jobs/${encodeURIComponent(id)}`;
    // One that is gone is simply not compared.
    const answers = await Promise.allSettled(missing.map((id) => get(path(id))));
    for (const { value } of answers) if (value) this.#jobs.set(value.id, value);
  }

  #look() {
    if (this.isShown() && !document.hidden) this.refresh();
    else this.#timer = setTimeout(() => this.#look(), IDLE);
  }
}
