// Jobs as a table: sorted by any column, some of them chosen to be drawn.

import { svg, element } from '../dom.js';
import { address } from '../views.js';
import { jobTitle } from '../words.js';
import { sorted } from './columns.js';

export const MOST = 8; // lines that can still be told apart

export class JobTable {
  #rows = new Map();
  #sort = { key: 'created_at', descending: true };

  /** The ids of the jobs as they stand below each other. */
  order = [];

  /**
   * @param {HTMLElement} root
   * @param {object} listener
   * @param {(id: string, chosen: boolean) => void} listener.onChoose
   * @param {(sort: {key: string, descending: boolean}) => void} listener.onSort
   */
  constructor(root, { onChoose, onSort }) {
    this.onChoose = onChoose;
    this.onSort = onSort;
    this.head = element('tr');
    this.body = element('tbody');
    const caption = { className: 'visually-hidden' };
    root.append(
      element(
        'table',
        { className: 'jobs-table' },
        element('caption', caption, 'Jobs. The headings sort; chosen jobs are drawn below.'),
        element('thead', {}, this.head),
        this.body,
      ),
    );
  }

  /**
   * @param {object[]} jobs
   * @param {import('./columns.js').Column[]} columns
   * @param {string[]} chosen ids, in the order in which they are drawn
   * @param {{key: string, descending: boolean}} sort
   */
  show(jobs, columns, chosen, sort) {
    this.#sort = sort;
    const column = columns.find(({ key }) => key === sort.key) ?? columns[0];
    this.#drawHead(columns);
    const focused = document.activeElement?.closest?.('tr');
    const ordered = sorted(jobs, column, sort.descending);
    this.order = ordered.map(({ id }) => id);
    const rows = ordered.map((job) => {
      const row = this.#rows.get(job.id) ?? this.#newRow(job.id);
      fill(row, job, columns, chosen);
      return row;
    });
    // A row that moves loses the focus, so it is given back.
    const control = document.activeElement;
    if (
      rows.some((row, i) => this.body.children[i] !== row) ||
      rows.length !== this.body.children.length
    ) {
      this.body.replaceChildren(...rows);
      if (focused && rows.includes(focused)) control.focus({ preventScroll: true });
    }
  }

  /** Headings are kept, so that the focus stays where it is. */
  #drawHead(columns) {
    const known = new Map([...this.head.children].map((cell) => [cell.dataset.key, cell]));
    const first = known.get('') ?? element('td', {}, visuallyHidden('Chosen'));
    first.dataset.key = '';
    const cells = columns.map((column) => {
      const cell = known.get(column.key) ?? this.#heading(column);
      const current = this.#sort.key === column.key;
      if (current) cell.ariaSort = this.#sort.descending ? 'descending' : 'ascending';
      else cell.removeAttribute('aria-sort');
      return cell;
    });
    const all = [first, ...cells];
    const same = all.length === this.head.children.length;
    if (same && all.every((cell, i) => cell === this.head.children[i])) return;
    const control = document.activeElement;
    this.head.replaceChildren(...all);
    if (this.head.contains(control)) control.focus({ preventScroll: true });
  }

  #heading({ key, title }) {
    const button = element('button', { type: 'button' }, title);
    button.addEventListener('click', () => {
      const descending = this.#sort.key === key ? !this.#sort.descending : true;
      this.onSort({ key, descending });
    });
    const cell = element('th', { scope: 'col' }, button);
    cell.dataset.key = key;
    return cell;
  }

  #newRow(id) {
    const box = element('input', { type: 'checkbox' });
    box.addEventListener('change', () => this.onChoose(id, box.checked));
    const link = element('a', { href: address('train', { job: id }), dir: 'auto' });
    const tags = element('span', { className: 'tags' });
    const status = element('td', {}, element('span', { className: 'status' }));
    const row = element(
      'tr',
      {},
      element('td', { className: 'choose' }, element('label', {}, box, swatch())),
      element('th', { scope: 'row' }, link, tags),
      status,
    );
    this.#rows.set(id, row);
    return row;
  }
}

const visuallyHidden = (text) => element('span', { className: 'visually-hidden' }, text);

/** A piece of the line that a job has in the charts. */
function swatch() {
  const drawing = svg('svg', { viewBox: '0 0 26 10', 'aria-hidden': 'true', class: 'swatch' });
  drawing.append(svg('path', { class: 'line', d: 'M1 5H25' }));
  return drawing;
}

function fill(row, job, columns, chosen) {
  const [choice, name, status] = row.children;
  const box = choice.querySelector('input');
  const place = chosen.indexOf(job.id);
  box.checked = place >= 0;
  box.disabled = place < 0 && chosen.length >= MOST;
  box.ariaLabel = `Draw ${jobTitle(job)}`;
  choice.querySelector('svg').setAttribute('class', `swatch series-${place}`);
  name.firstChild.textContent = jobTitle(job);
  const tags = job.tags.map((tag) => element('span', { className: 'tag', dir: 'auto' }, tag));
  name.lastChild.replaceChildren(...tags);
  status.firstChild.textContent = job.status;
  status.firstChild.dataset.status = job.status;
  const cells = columns
    .filter(({ fixed }) => !fixed)
    .map(({ value, show }) => element('td', { dir: 'auto' }, show(value(job))));
  row.replaceChildren(choice, name, status, ...cells);
}
