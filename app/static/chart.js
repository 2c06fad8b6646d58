// Line charts for a handful of series over epochs: axes, legend, a reading under the pointer. The
// range of an axis comes from whole epochs only and can only grow, so that nothing jumps; a value
// of an epoch under way travels towards its point and never moves an axis.

import { element, svg } from './dom.js';
import { percent } from './words.js';

/**
 * @typedef {object} Series
 * @property {string} name
 * @property {string} look a class: its colour and line style
 * @property {(number | null)[]} values one for each epoch, from the first; null leaves a gap
 * @property {{at: number, value: number} | null} [live] of the epoch under way; `at` in epochs
 */

/**
 * @typedef {object} Scale
 * @property {[number, number]} start what the axis spans before an epoch has ended
 * @property {(values: number[]) => [number, number]} range what it must span then
 * @property {(value: number) => string} tick
 * @property {(value: number) => string} value
 */

/** @type {Scale} */
export const LOSS = {
  start: [0, 2.5], // one that guesses among ten has 2.3
  range: (values) => [0, Math.max(...values) || 1],
  tick: (value) => String(Number(value.toPrecision(3))),
  value: (value) => value.toPrecision(3),
};

/** @type {Scale} */
export const ACCURACY = {
  start: [0, 1],
  range: (values) => [Math.min(0.98, ...values), 1],
  tick: (value) => `${Number((value * 100).toFixed(2))}%`,
  value: percent,
};

// All measures are those of a drawing with 12-pixel type; it is scaled to the type of the page.
const TYPE = 12;
const HEIGHT = 220;
const MARGIN = { top: 10, right: 14, bottom: 24, left: 44 };
const MARKED = 30; // with more epochs than this only the newest point gets a mark

export class LineChart {
  #epochs = 1;
  #series = [];
  #pointed = null;

  /**
   * @param {HTMLElement} root
   * @param {string} title
   * @param {Scale} scale
   */
  constructor(root, title, scale) {
    this.title = title;
    this.scale = scale;
    this.legend = element('ul', { className: 'legend' });
    this.plot = svg('svg', { role: 'img' });
    root.append(element('h4', {}, title), this.legend, this.plot);

    this.plot.addEventListener('pointermove', (event) => this.#point(event));
    this.plot.addEventListener('pointerleave', () => this.#point(null));
    new ResizeObserver(() => this.#draw()).observe(root);
  }

  /**
   * @param {number} epochs how many there will be
   * @param {Series[]} series
   */
  show(epochs, series) {
    this.#epochs = Math.max(epochs, ...series.map(({ values }) => values.length));
    this.#series = series;
    this.#draw();
  }

  get #known() {
    return Math.max(0, ...this.#series.map(({ values }) => values.length));
  }

  #point(event) {
    const known = this.#known;
    const epoch = event ? Math.round(this.#epochAt(event.offsetX / this.#zoom)) : null;
    this.#pointed = event && known ? Math.min(Math.max(epoch, 1), known) : null;
    this.#draw();
  }

  #epochAt(x) {
    return ((x - MARGIN.left) / (this.#width - MARGIN.left - MARGIN.right)) * this.#epochs;
  }

  get #zoom() {
    return parseFloat(getComputedStyle(this.plot).fontSize) / TYPE;
  }

  get #width() {
    return this.plot.clientWidth / this.#zoom;
  }

  #draw() {
    const width = this.#width;
    if (!width) return;
    this.plot.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`);
    this.plot.setAttribute('aria-label', this.#summary());

    const finite = this.#series.flatMap(({ values }) => values.filter((value) => value !== null));
    const ticks = niceTicks(...(finite.length ? this.scale.range(finite) : this.scale.start));
    const [low, high] = [ticks[0], ticks.at(-1)];
    const right = width - MARGIN.right;
    const bottom = HEIGHT - MARGIN.bottom;
    const x = (epoch) => MARGIN.left + (epoch / this.#epochs) * (right - MARGIN.left);
    const y = (value) => {
      const inside = Math.min(Math.max((value - low) / (high - low), 0), 1);
      return bottom - inside * (bottom - MARGIN.top);
    };

    const grid = ticks.map((tick) =>
      svg('path', { class: 'grid', d: `M${MARGIN.left} ${y(tick)}H${right}` }),
    );
    const labels = ticks.map((tick) =>
      svg(
        'text',
        { x: MARGIN.left - 8, y: y(tick) + 4, 'text-anchor': 'end' },
        this.scale.tick(tick),
      ),
    );
    const epochs = epochTicks(this.#epochs, (right - MARGIN.left) / 40).map((epoch) =>
      svg('text', { x: x(epoch), y: HEIGHT - 6, 'text-anchor': 'middle' }, String(epoch)),
    );
    epochs.push(svg('text', { x: MARGIN.left - 8, y: HEIGHT - 6, 'text-anchor': 'end' }, 'epoch'));
    const guide = this.#pointed
      ? [svg('path', { class: 'guide', d: `M${x(this.#pointed)} ${MARGIN.top}V${bottom}` })]
      : [];
    const lines = this.#series.map((series) => this.#line(series, x, y));

    this.plot.replaceChildren(...grid, ...labels, ...epochs, ...guide, ...lines);
    this.#drawLegend();
  }

  #line({ look, values, live }, x, y) {
    let path = '';
    let pen = 'M';
    const points = [];
    values.forEach((value, index) => {
      if (value === null) return (pen = 'M');
      const [px, py] = [x(index + 1).toFixed(1), y(value).toFixed(1)];
      path += `${pen}${px} ${py}`;
      pen = 'L';
      const marked = values.length <= MARKED || index + 1 === (this.#pointed ?? values.length);
      if (marked) points.push(svg('circle', { cx: px, cy: py, r: 3.2 }));
    });
    if (live) {
      const [px, py] = [x(live.at).toFixed(1), y(live.value).toFixed(1)];
      if (path) path += `${pen}${px} ${py}`;
      points.push(svg('circle', { class: 'live', cx: px, cy: py, r: 4.5 }));
    }
    return svg('g', { class: look }, svg('path', { class: 'line', d: path }), ...points);
  }

  #drawLegend() {
    const epoch = this.#pointed ?? this.#known;
    this.legend.replaceChildren(
      ...this.#series.map(({ name, look, values, live }) => {
        const key = svg('svg', { class: look, viewBox: '0 0 26 10', 'aria-hidden': 'true' });
        key.append(svg('path', { class: 'line', d: 'M1 5H25' }));
        const value = live && !this.#pointed ? live.value : values[epoch - 1];
        return element('li', {}, key, `${name} `, element('b', {}, this.#value(value)));
      }),
      ...(this.#pointed ? [element('li', { className: 'quiet' }, `epoch ${epoch}`)] : []),
    );
  }

  #value(value) {
    if (value === undefined) return '–';
    return value === null ? 'not a number' : this.scale.value(value);
  }

  #summary() {
    const known = this.#known;
    if (!known) return `${this.title} by epoch: nothing yet.`;
    const values = this.#series.map(
      ({ name, values }) => `${name.toLowerCase()} ${this.#value(values[known - 1])}`,
    );
    return `${this.title} by epoch. After epoch ${known} of ${this.#epochs}: ${values.join(', ')}.`;
  }
}

/**
 * The course of one series, as small as a word.
 * @param {(number | null)[]} values
 */
export function sparkline(values) {
  const finite = values.filter((value) => value !== null);
  const low = Math.min(...finite);
  const height = Math.max(...finite) - low || 1;
  const points = finite.map((value, i) => {
    const x = 2 + (60 * i) / (finite.length - 1);
    const y = 16 - (12 * (value - low)) / height;
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  });
  const d = points.length > 1 ? `M${points.join('L')}` : '';
  const drawing = { class: 'sparkline', viewBox: '0 0 64 20', 'aria-hidden': 'true' };
  return svg('svg', drawing, svg('path', { class: 'line', d }));
}

/** Four to eight round numbers that span the range: steps of 1, 2 or 5 times a power of ten. */
function niceTicks(low, high) {
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((candidate) => candidate >= rough * 0.8);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  );
}

/** At most `room` whole epochs in even steps, the last one always among them. */
function epochTicks(epochs, room) {
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
  const step = steps.find((size) => epochs / size <= room) ?? epochs;
  const ticks = [];
  for (let epoch = step; epoch < epochs - step / 2; epoch += step) ticks.push(epoch);
  return [...ticks, epochs];
}
