// Line charts for a handful of series: axes, legend, a reading under the pointer. The range of an
// axis comes from whole epochs only, so that nothing jumps; a value of an epoch under way travels
// towards its point and never moves an axis.

import { element, svg } from '../dom.js';
import { count, duration, percent } from '../words.js';
import { freeTicks, linearTicks, logTicks, wholeTicks } from './ticks.js';

/**
 * @typedef {object} Point
 * @property {number} epoch
 * @property {number} x where it is on the axis
 * @property {number | null} value null leaves a gap
 */

/**
 * @typedef {object} Series
 * @property {string} name
 * @property {string} look a class: its colour and line style
 * @property {Point[]} points one for each epoch, from the first
 * @property {{x: number, value: number} | null} [live] of the epoch under way
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

/** What can be along the bottom: its numbers, and how wide they are. */
const AXES = {
  epoch: { ticks: wholeTicks, tick: String, width: 40 },
  step: { ticks: freeTicks, tick: count, width: 64 },
  time: { ticks: freeTicks, tick: duration, width: 64 },
};

// All measures are those of a drawing with 12-pixel type; it is scaled to the type of the page.
const TYPE = 12;
const HEIGHT = 220;
const MARGIN = { top: 10, right: 14, bottom: 24, left: 44 };
const MARKED = 30; // with more epochs than this only the newest point gets a mark

export class LineChart {
  #axis = { kind: 'epoch', end: 1 };
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

  /** Whether values are shown by their logarithm. */
  logarithmic = false;

  /**
   * @param {number} epochs how many there will be
   * @param {{kind: keyof typeof AXES, end: number}} axis
   * @param {Series[]} series
   */
  show(epochs, axis, series) {
    this.#epochs = epochs;
    this.#axis = axis;
    this.#series = series;
    this.#draw();
  }

  get #known() {
    return Math.max(0, ...this.#series.map(({ points }) => points.length));
  }

  #point(event) {
    const courses = this.#series.map(({ points }) => points);
    const points = courses.reduce((a, b) => (b.length > a.length ? b : a), []);
    this.#pointed = null;
    if (event && points.length) {
      const room = this.#width - MARGIN.left - MARGIN.right;
      const x = ((event.offsetX / this.#zoom - MARGIN.left) / room) * this.#axis.end;
      const away = (point) => Math.abs(point.x - x);
      this.#pointed = points.reduce((a, b) => (away(b) < away(a) ? b : a));
    }
    this.#draw();
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

    const log = this.logarithmic;
    const ticks = this.#ticks();
    const [low, high] = [ticks[0], ticks.at(-1)];
    const right = width - MARGIN.right;
    const bottom = HEIGHT - MARGIN.bottom;
    const x = (place) => MARGIN.left + (place / this.#axis.end) * (right - MARGIN.left);
    const y = (value) => {
      const part = log
        ? Math.log(value / low) / Math.log(high / low)
        : (value - low) / (high - low);
      return bottom - Math.min(Math.max(part, 0), 1) * (bottom - MARGIN.top);
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
    const axis = AXES[this.#axis.kind];
    const along = axis
      .ticks(this.#axis.end, (right - MARGIN.left) / axis.width)
      .map((tick) =>
        svg('text', { x: x(tick), y: HEIGHT - 6, 'text-anchor': 'middle' }, axis.tick(tick)),
      );
    along.push(
      svg('text', { x: MARGIN.left - 8, y: HEIGHT - 6, 'text-anchor': 'end' }, this.#axis.kind),
    );
    const guide = this.#pointed
      ? [svg('path', { class: 'guide', d: `M${x(this.#pointed.x)} ${MARGIN.top}V${bottom}` })]
      : [];
    const lines = this.#series.map((series) => this.#line(series, x, y));

    this.plot.replaceChildren(...grid, ...labels, ...along, ...guide, ...lines);
    this.#drawLegend();
  }

  #ticks() {
    const shown = this.#series
      .flatMap(({ points }) => points.map(({ value }) => value))
      .filter((value) => value !== null && (value > 0 || !this.logarithmic));
    const [low, high] = shown.length ? this.scale.range(shown) : this.scale.start;
    if (!this.logarithmic) return linearTicks(low, high);
    return logTicks(shown.length ? Math.min(...shown) : 0.01, high);
  }

  #line({ look, points, live }, x, y) {
    let path = '';
    let pen = 'M';
    const marks = [];
    points.forEach((point, index) => {
      if (point.value === null) return (pen = 'M');
      const [px, py] = [x(point.x).toFixed(1), y(point.value).toFixed(1)];
      path += `${pen}${px} ${py}`;
      pen = 'L';
      const newest = this.#pointed?.epoch ?? points.length;
      const marked = points.length <= MARKED || index + 1 === newest;
      if (marked) marks.push(svg('circle', { cx: px, cy: py, r: 3.2 }));
    });
    if (live) {
      const [px, py] = [x(live.x).toFixed(1), y(live.value).toFixed(1)];
      if (path) path += `${pen}${px} ${py}`;
      marks.push(svg('circle', { class: 'live', cx: px, cy: py, r: 4.5 }));
    }
    return svg('g', { class: look }, svg('path', { class: 'line', d: path }), ...marks);
  }

  #drawLegend() {
    const epoch = this.#pointed?.epoch ?? this.#known;
    this.legend.replaceChildren(
      ...this.#series.map(({ name, look, points, live }) => {
        const key = svg('svg', { class: look, viewBox: '0 0 26 10', 'aria-hidden': 'true' });
        key.append(svg('path', { class: 'line', d: 'M1 5H25' }));
        const point = this.#pointed ? points[epoch - 1] : points.at(-1);
        const value = live && !this.#pointed ? live.value : point?.value;
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
      ({ name, points }) => `${name.toLowerCase()} ${this.#value(points[known - 1]?.value)}`,
    );
    return `${this.title} by epoch. After epoch ${known} of ${this.#epochs}: ${values.join(', ')}.`;
  }
}
