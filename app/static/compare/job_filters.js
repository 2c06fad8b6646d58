// What the table of jobs is narrowed by: status and tag, which the API filters by, name and sweep,
// which the page does.

import { offer } from '../choices.js';
import { element } from '../dom.js';
import { field } from '../field.js';
import { jobTitle } from '../words.js';

const STATUSES = ['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled'];
const ANY = { value: '', text: 'any' };
const TYPING = 250; // ms without a key before a tag is asked for

export class JobFilters {
  /**
   * @param {HTMLElement} root
   * @param {() => void} onChange
   */
  constructor(root, onChange) {
    this.status = element('select');
    offer(this.status, [ANY, ...STATUSES.map((value) => ({ value, text: value }))], '');
    this.sweep = element('select');
    offer(this.sweep, [ANY], '');
    this.tags = element('datalist', { id: 'known-tags' });
    this.tag = element('input', { type: 'search', maxLength: 64, dir: 'auto' });
    this.tag.setAttribute('list', 'known-tags');
    this.name = element('input', { type: 'search', maxLength: 120, dir: 'auto' });
    this.differing = element('input', { type: 'checkbox', checked: true });
    root.append(
      field('Status', this.status),
      field('Sweep', this.sweep),
      field('Tag', this.tag),
      field('Name', this.name),
      element('label', { className: 'check' }, this.differing, 'Only what differs'),
      this.tags,
    );
    let timer;
    for (const control of [this.status, this.sweep, this.differing]) {
      control.addEventListener('change', onChange);
    }
    for (const control of [this.tag, this.name]) {
      control.addEventListener('input', () => {
        clearTimeout(timer);
        timer = setTimeout(onChange, TYPING);
      });
    }
  }

  /** @returns {Record<string, string>} as it stands in the address */
  get values() {
    const { status, sweep, tag, name, differing } = this;
    const all = differing.checked ? '' : '1';
    return { status: status.value, sweep: sweep.value, tag: tag.value, name: name.value, all };
  }

  set values({ status = '', sweep = '', tag = '', name = '', all = '' }) {
    this.status.value = STATUSES.includes(status) ? status : '';
    this.offerSweeps(
      [{ value: sweep, text: sweep }].filter(({ value }) => value),
      sweep,
    );
    this.tag.value = tag;
    this.name.value = name;
    this.differing.checked = all !== '1';
  }

  /** @param {object[]} jobs those from which sweeps and tags can be known */
  learn(jobs) {
    const sweeps = Map.groupBy(
      jobs.filter(({ sweep_id: id }) => id),
      ({ sweep_id: id }) => id,
    );
    const entries = [...sweeps].map(([value, trials]) => ({
      value,
      text: `${jobTitle(trials[0])}, ${trials.length} trials`,
    }));
    this.offerSweeps(entries, this.sweep.value);
    const tags = [...new Set(jobs.flatMap((job) => job.tags))].sort();
    this.tags.replaceChildren(...tags.map((value) => element('option', { value })));
  }

  /** An open list must not be replaced under the finger, so only where something is new. */
  offerSweeps(entries, chosen) {
    const known = new Set([...this.sweep.options].map(({ value }) => value));
    if (chosen && !entries.some(({ value }) => value === chosen)) {
      entries.push({ value: chosen, text: chosen });
    }
    const shown = [...this.sweep.options].map(({ text }) => text).join();
    const wanted = [ANY, ...entries];
    if (known.size === wanted.length && shown === wanted.map(({ text }) => text).join()) return;
    offer(this.sweep, wanted, chosen);
  }

  /** Whether the page itself lets a job through. */
  lets(job) {
    const { sweep, name } = this.values;
    if (sweep && job.sweep_id !== sweep) return false;
    return jobTitle(job).toLocaleLowerCase().includes(name.toLocaleLowerCase());
  }
}
