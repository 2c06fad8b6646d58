// Whether a model is right as often as it says: accuracy over confidence, bin by bin, beside the
// diagonal on which they would be the same.

import { element, svg } from '../dom.js';
import { count, percent } from '../words.js';

const SIDE = 320;
const MARGIN = { left: 40, right: 12, top: 12, bottom: 36 };
const TICKS = [0, 0.25, 0.5, 0.75, 1];

const x = (share) => MARGIN.left + share * (SIDE - MARGIN.left - MARGIN.right);
const y = (share) => SIDE - MARGIN.bottom - share * (SIDE - MARGIN.top - MARGIN.bottom);

export class Calibration {
  constructor(root) {
    this.words = element('p');
    this.plot = svg('svg', { role: 'img', viewBox: `0 0 ${SIDE} ${SIDE}` });
    this.rows = element('tbody');
    const heads = ['Confidence', 'Samples', 'Mean confidence', 'Accuracy'];
    const head = heads.map((text) => element('th', { scope: 'col' }, text));
    const table = element('table', {}, element('thead', {}, element('tr', {}, ...head)), this.rows);
    const scroll = { className: 'scroll', tabIndex: 0, role: 'region', ariaLabel: 'Calibration' };
    root.append(
      this.words,
      element('div', { className: 'chart calibration' }, this.plot),
      element('details', {}, element('summary', {}, 'The numbers'), element('div', scroll, table)),
    );
  }

  /** @param {{bins: object[], expected_error: number}} calibration as in an evaluation */
  show({ bins, expected_error: error }) {
    const filled = bins.filter((bin) => bin.count);
    const words = calibrationWords(filled, error);
    this.words.textContent = words;
    this.plot.setAttribute('aria-label', `Accuracy by confidence. ${words}`);
    const most = Math.max(1, ...filled.map((bin) => bin.count));
    this.plot.replaceChildren(
      ...axes(),
      svg('path', { class: 'ideal', d: `M${x(0)} ${y(0)}L${x(1)} ${y(1)}` }),
      ...filled.map(({ confidence, accuracy }) =>
        svg('path', { class: 'gap', d: `M${x(confidence)} ${y(confidence)}V${y(accuracy)}` }),
      ),
      svg('path', {
        class: 'line',
        d: filled
          .map((bin, i) => `${i ? 'L' : 'M'}${x(bin.confidence)} ${y(bin.accuracy)}`)
          .join(''),
      }),
      ...filled.map(({ confidence, accuracy, count: samples }) =>
        svg('circle', { cx: x(confidence), cy: y(accuracy), r: 3 + 8 * Math.sqrt(samples / most) }),
      ),
    );
    this.rows.replaceChildren(
      ...bins.map((bin) =>
        element(
          'tr',
          {},
          element('th', { scope: 'row' }, `${percent(bin.from)} to ${percent(bin.to)}`),
          element('td', {}, count(bin.count)),
          element('td', {}, bin.count ? percent(bin.confidence) : '–'),
          element('td', {}, bin.count ? percent(bin.accuracy) : '–'),
        ),
      ),
    );
  }
}

function axes() {
  const text = (at, ...words) => svg('text', at, ...words);
  const middle = { 'text-anchor': 'middle' };
  return [
    ...TICKS.map((tick) => svg('path', { class: 'grid', d: `M${x(0)} ${y(tick)}H${x(1)}` })),
    ...TICKS.map((tick) =>
      text({ x: x(0) - 6, y: y(tick) + 4, 'text-anchor': 'end' }, `${tick * 100}%`),
    ),
    ...TICKS.map((tick) => text({ x: x(tick), y: y(0) + 16, ...middle }, `${tick * 100}%`)),
    text({ x: x(0.5), y: SIDE - 4, ...middle }, 'how sure it was'),
    text(
      { transform: `translate(${x(0) + 14} ${y(1) + 6})`, 'text-anchor': 'start' },
      'how often right',
    ),
  ];
}

function calibrationWords(bins, error) {
  const samples = bins.reduce((sum, bin) => sum + bin.count, 0) || 1;
  const excess = bins.reduce((sum, bin) => sum + bin.count * (bin.confidence - bin.accuracy), 0);
  const points = (error * 100).toFixed(1);
  if (error < 0.01) return `It is right as often as it says: ${points} points apart on average.`;
  const how = excess / samples > 0 ? 'surer than it should be' : 'more modest than it need be';
  return `It is ${how}: confidence and accuracy are ${points} points apart on average.`;
}
