// What a table of jobs can show of each: what came out, and what went in.

import { duration, jobTitle, moment, percent, spaced } from '../words.js';

/**
 * @typedef {object} Column
 * @property {string} key
 * @property {string} title
 * @property {(job: object) => string | number | boolean | null | undefined} value what is sorted by
 * @property {(value: any) => string} show
 */

const share = (value) => (value == null ? '–' : percent(value));
const loss = (value) => value?.toPrecision(3) ?? '–';

/** @type {Column[]} */
export const OUTCOMES = [
  { key: 'val_accuracy', title: 'Validation accuracy', value: best, show: share },
  metric('val_loss', 'Validation loss', loss),
];

/** @type {Column[]} */
export const COURSE = [
  metric('train_accuracy', 'Training accuracy', share),
  metric('train_loss', 'Training loss', loss),
  {
    key: 'epoch',
    title: 'Epochs',
    value: ({ history }) => history.length,
    show: String,
  },
  {
    key: 'seconds',
    title: 'Time',
    value: ({ history }) => history.reduce((sum, epoch) => sum + (epoch?.seconds ?? 0), 0) || null,
    show: (seconds) => (seconds ? duration(seconds) : '–'),
  },
  { key: 'created_at', title: 'Submitted', value: (job) => job.created_at, show: moment },
];

function best(job) {
  return job.best?.val_accuracy ?? job.metrics?.val_accuracy;
}

function metric(key, title, show) {
  return { key, title, value: ({ metrics }) => metrics?.[key], show };
}

// What names a job or finds it says nothing about how it trains.
const LABELS = new Set([
  'name',
  'notes',
  'tags',
  'alias',
  'network_id',
  'network',
  'preset',
  'probe',
]);

const MOST_SETTINGS = 3; // in a name

/**
 * The settings of jobs as columns.
 * @param {object[]} jobs
 * @param {boolean} differing only those that are not the same in all of them
 * @returns {Column[]}
 */
export function settingColumns(jobs, differing) {
  const settings = new Map(jobs.map((job) => [job.id, settingsOf(job)]));
  const keys = new Set([...settings.values()].flatMap((one) => Object.keys(one)));
  const differs = (key) => new Set([...settings.values()].map((one) => one[key])).size > 1;
  return [...keys]
    .filter((key) => !differing || differs(key))
    .map((key) => ({
      key: `config.${key}`,
      title: spaced(key.replaceAll('.', ' · ')),
      value: (job) => (settings.get(job.id) ?? settingsOf(job))[key],
      show: (value) => (value == null ? '–' : String(value)),
    }));
}

/**
 * Names by which jobs can be told apart: those that share one get what differs between them.
 * @param {object[]} jobs
 * @returns {string[]}
 */
export function distinctNames(jobs) {
  const namesakes = Map.groupBy(jobs, jobTitle);
  return jobs.map((job) => {
    const others = namesakes.get(jobTitle(job));
    if (others.length === 1) return jobTitle(job);
    const settings = settingColumns(others, true)
      .filter(({ value }) => value(job) != null)
      .slice(0, MOST_SETTINGS)
      .map(({ title, value }) => `${title.split(' · ').at(-1)} ${value(job)}`);
    return [jobTitle(job), ...settings].join(' · ');
  });
}

function settingsOf({ preset, network, config }) {
  const network_ = preset ?? network.name ?? `${network.layers.length} layers`;
  const chosen = Object.entries(config).filter(([key]) => !LABELS.has(key));
  return { network: network_, ...flat(Object.fromEntries(chosen)) };
}

/** Nested settings with dotted names: optimizer.learning_rate. */
function flat(value, prefix = '') {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, one]) => {
      if (one === null || typeof one !== 'object') return [[prefix + key, one]];
      if (Array.isArray(one)) return [[prefix + key, JSON.stringify(one)]];
      return Object.entries(flat(one, `${prefix}${key}.`));
    }),
  );
}

/**
 * Jobs in the order of a column; those without a value come last either way.
 * @param {object[]} jobs
 * @param {Column} column
 * @param {boolean} descending
 */
export function sorted(jobs, { value }, descending) {
  const sign = descending ? -1 : 1;
  return jobs.toSorted((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x == null || y == null) return (x == null) - (y == null);
    if (typeof x === 'number' && typeof y === 'number') return sign * (x - y);
    return sign * String(x).localeCompare(String(y), 'en', { numeric: true });
  });
}
