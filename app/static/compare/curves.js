// The curves of the chosen jobs over each other, a chart for each figure, and the same as a table.

import { ACCURACY, LOSS, LineChart } from '../train/chart.js';
import { element } from '../dom.js';
import { percent } from '../words.js';
import { distinctNames } from './columns.js';

const FIGURES = [
  { key: 'val_loss', title: 'Validation loss', scale: LOSS },
  { key: 'val_accuracy', title: 'Validation accuracy', scale: ACCURACY },
  { key: 'train_loss', title: 'Training loss', scale: LOSS },
  { key: 'train_accuracy', title: 'Training accuracy', scale: ACCURACY },
];

export class Curves {
  constructor(root) {
    this.none = element(
      'p',
      { className: 'quiet' },
      'Choose jobs in the table to see their curves.',
    );
    this.charts = FIGURES.map(({ title, scale }) => {
      const frame = element('div', { className: 'chart' });
      return { frame, chart: new LineChart(frame, title, scale) };
    });
    const frames = this.charts.map(({ frame }) => frame);
    this.grid = element('div', { className: 'charts curves' }, ...frames);
    this.rows = element('tbody');
    const heads = ['Job', 'Epoch', ...FIGURES.map(({ title }) => title)];
    const head = heads.map((text) => element('th', { scope: 'col' }, text));
    const table = element('table', {}, element('thead', {}, element('tr', {}, ...head)), this.rows);
    const scroll = { className: 'scroll', tabIndex: 0, role: 'region', ariaLabel: 'Curves' };
    this.table = element(
      'details',
      {},
      element('summary', {}, 'The numbers'),
      element('div', scroll, table),
    );
    root.append(this.none, this.grid, this.table);
  }

  /** @param {object[]} jobs in the order of their colours */
  show(jobs) {
    this.none.hidden = jobs.length > 0;
    this.grid.hidden = this.table.hidden = !jobs.length;
    const epochs = Math.max(1, ...jobs.map(({ config }) => config.epochs));
    const names = distinctNames(jobs);
    FIGURES.forEach(({ key }, i) => {
      const series = jobs.map((job, k) => ({
        name: isolated(names[k]),
        look: `series-${k}`,
        points: pointsOf(job, key),
      }));
      this.charts[i].chart.show(epochs, { kind: 'epoch', end: epochs }, series);
    });
    this.rows.replaceChildren(...jobs.flatMap((job, k) => rowsOf(job, names[k])));
  }
}

/** None where a job never has the figure, as an autoencoder has no accuracy. */
function pointsOf({ history }, key) {
  const values = Array.from(history, (entry) => entry?.[key] ?? null);
  if (values.every((value) => value === null)) return [];
  return values.map((value, i) => ({ epoch: i + 1, x: i + 1, value }));
}

/** A name that is read from right to left must not turn the words around it. */
const isolated = (text) => `\u2068${text}\u2069`;

function rowsOf(job, name) {
  return job.history
    .filter(Boolean)
    .map((entry) =>
      element(
        'tr',
        {},
        element('th', { scope: 'row', dir: 'auto' }, name),
        element('td', {}, String(entry.epoch)),
        ...FIGURES.map(({ key, scale }) => element('td', {}, figure(entry[key], scale))),
      ),
    );
}

function figure(value, scale) {
  if (value == null) return '–';
  return scale === ACCURACY ? percent(value) : value.toFixed(4);
}
