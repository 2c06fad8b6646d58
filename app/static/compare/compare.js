// Compare: jobs and sweeps in a table, the curves of some of them over each other, two models on the
// same samples. What is compared is in the address.

import { Unreachable, connection } from '../api.js';
import { Address } from '../address.js';
import { allDatasets, allModels } from '../choices.js';
import { element, stylesheet } from '../dom.js';
import { panel } from '../panel.js';
import { requestButton } from '../request_button.js';
import { welcome } from '../welcome.js';
import { count, jobTitle } from '../words.js';
import { COURSE, OUTCOMES, settingColumns } from './columns.js';
import { Curves } from './curves.js';
import { Duel } from './duel.js';
import { JobFilters } from './job_filters.js';
import { JobSource } from './job_source.js';
import { JobTable, MOST } from './job_table.js';
import { SweepSummary } from './sweep_summary.js';

/** Columns that every row has of itself. */
const OWN = [
  { key: 'name', title: 'Job', value: jobTitle, fixed: true },
  { key: 'status', title: 'Status', value: ({ status }) => status, fixed: true },
];
const NEWEST_FIRST = { key: 'created_at', descending: true };

/** @param {HTMLElement} section where the view is built; called once */
export async function mount(section) {
  const sheets = ['style/watch.css', 'views.css', 'compare/compare.css'];
  await Promise.all(sheets.map((name) => stylesheet(`/static/${name}`)));
  new Compare(section).load();
}

class Compare {
  #chosen = [];
  #sort = NEWEST_FIRST;
  #duel = {};

  constructor(section) {
    section.className = 'view'; // sheets in place of one sheet
    section.replaceChildren();
    this.address = new Address('compare', () => this.load());

    const jobs = section.appendChild(element('div', { className: 'sheet panel' }));
    this.welcome = welcome(
      'Nothing to compare yet',
      'Every job that you train stands here beside the others, with its curves and its figures.',
    );
    jobs.append(element('h2', { id: 'compare-title' }, 'Compare'), this.welcome);
    const controls = jobs.appendChild(element('div', { className: 'controls' }));
    this.filters = new JobFilters(controls, () => this.#filter());
    this.sweep = new SweepSummary(jobs, () => this.source.refresh());
    const frame = element('div', {
      className: 'scroll table-frame',
      tabIndex: 0,
      role: 'region',
      ariaLabel: 'Jobs',
    });
    jobs.append(frame);
    this.table = new JobTable(frame, {
      onChoose: (id, chosen) => this.#choose(id, chosen),
      onSort: (sort) => {
        this.#sort = sort;
        this.#remember();
        this.#render();
      },
    });
    this.status = element('p', { className: 'quiet', role: 'status' });
    this.older = element('button', { type: 'button', hidden: true }, 'Load older jobs');
    this.first = element('button', { type: 'button' }, `Draw the first ${MOST}`);
    this.none = element('button', { type: 'button', hidden: true }, 'Draw none');
    const request = requestButton(() => ({ method: 'GET', path: this.#path }), 'these jobs');
    const tools = element(
      'div',
      { className: 'tools' },
      this.older,
      this.first,
      this.none,
      request,
    );
    jobs.append(this.status, tools);

    this.curves = new Curves(panel(section, 'Curves'));
    this.duel = new Duel(panel(section, 'Two models, the same digits'), (choice) => {
      this.#duel = choice;
      this.#remember();
    });
    this.source = new JobSource(
      () => !section.hidden,
      (error) => this.#refreshed(error),
    );
    this.older.addEventListener('click', () => this.source.showOlder());
    this.first.addEventListener('click', () => this.#draw(this.table.order.slice(0, MOST)));
    this.none.addEventListener('click', () => this.#draw([]));
    connection.addEventListener('back', () => this.source.refresh());
    addEventListener('hashchange', () => section.hidden || this.source.refresh());
  }

  async load() {
    const { jobs, sort, a, b, dataset, ...filters } = Object.fromEntries(this.address.parameters);
    this.filters.values = filters;
    this.#chosen = (jobs ?? '').split(',').filter(Boolean).slice(0, MOST);
    this.#sort = sort
      ? { key: sort.replace(/^-/, ''), descending: sort.startsWith('-') }
      : NEWEST_FIRST;
    this.#duel = { a, b, dataset };
    this.#ask();
    try {
      this.duel.offer(...(await Promise.all([allModels(), allDatasets()])), this.#duel);
      if (a && b) this.duel.compare();
    } catch (error) {
      this.#explain(error);
    }
  }

  #ask() {
    const { status, tag, sweep } = this.filters.values;
    this.sweep.show(sweep);
    return this.source.show({ status, tag }, this.#chosen);
  }

  #filter() {
    this.#remember();
    this.#render();
    this.#ask();
  }

  #choose(id, chosen) {
    const others = this.#chosen.filter((one) => one !== id);
    this.#draw(chosen ? [...others, id] : others);
  }

  #draw(ids) {
    this.#chosen = ids;
    this.source.wanted = ids;
    this.#remember();
    this.#render();
  }

  #refreshed(error) {
    if (error) return this.#explain(error);
    const { listed } = this.source;
    const asked = Object.values(this.filters.values).some(Boolean) || this.#chosen.length > 0;
    this.welcome.hidden = asked || listed.length > 0;
    this.filters.learn(listed);
    this.#render();
  }

  #render() {
    const jobs = this.source.listed.filter((job) => this.filters.lets(job));
    const differing = this.filters.differing.checked;
    const columns = [...OWN, ...OUTCOMES, ...settingColumns(jobs, differing), ...COURSE];
    this.table.show(jobs, columns, this.#chosen, this.#sort);
    const drawn = this.#chosen.map((id) => this.source.find(id)).filter(Boolean);
    this.curves.show(drawn);
    this.older.hidden = !this.source.hasOlder;
    this.first.hidden = !jobs.length;
    this.none.hidden = !this.#chosen.length;
    const full = this.#chosen.length >= MOST ? `, ${MOST} at most` : '';
    this.status.textContent = jobs.length
      ? `${jobs.length === 1 ? '1 job' : `${count(jobs.length)} jobs`}, ${this.#chosen.length} of them drawn${full}.`
      : 'No job is like that.';
  }

  get #path() {
    const { status, tag } = this.filters.values;
    const query = new URLSearchParams({ limit: 100 });
    if (status) query.set('status', status);
    if (tag) query.set('tag', tag);
    return `/v1/jobs?${query}`;
  }

  #remember() {
    const { key, descending } = this.#sort;
    this.address.remember({
      jobs: this.#chosen.join(),
      sort: this.#sort === NEWEST_FIRST ? '' : `${descending ? '-' : ''}${key}`,
      ...this.filters.values,
      ...this.#duel,
    });
  }

  #explain(error) {
    // The page's banner says that the server is away.
    if (!(error instanceof Unreachable)) this.status.textContent = error.message;
  }
}
