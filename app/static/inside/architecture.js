// The architecture of a model: the drawing, and the same as a table with what every layer costs.
// A layer that is pointed at in one is lit in both.

import { element } from '../dom.js';
import { count } from '../words.js';
import { drawNetwork } from './drawing.js';
import { layerName, place, shapeWords } from './network.js';

const HEADINGS = ['Layer', 'Output', 'Parameters', 'Multiply-adds'];

export class Architecture {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.stage = element('div', {
      className: 'stage',
      tabIndex: 0,
      role: 'region',
      ariaLabel: 'Drawing of the network',
    });
    this.rows = element('tbody');
    this.totals = element('tfoot');
    const head = HEADINGS.map((text) => element('th', { scope: 'col' }, text));
    const table = element(
      'table',
      { className: 'layer-table' },
      element('caption', { className: 'visually-hidden' }, 'Every layer with its cost'),
      element('thead', {}, element('tr', {}, ...head)),
      this.rows,
      this.totals,
    );
    const scroll = { className: 'scroll-x', tabIndex: 0, role: 'region', ariaLabel: 'Layers' };
    root.append(this.stage, element('div', scroll, table));
    root.addEventListener('pointerover', ({ target }) => this.#light(target));
    root.addEventListener('pointerleave', () => this.#light(null));
  }

  /**
   * @param {object} model as the API gives it
   * @returns {Promise<{macs: number, output: number[]}>} of the whole network
   */
  async show({ network }) {
    const { layers, parameters, macs } = await place(network);
    this.stage.replaceChildren(drawNetwork(network.input_shape, layers));
    this.rows.replaceChildren(
      row('input', 0, 'input', network.input_shape, null, macs),
      ...layers.flatMap((layer) => rowsOf(layer, 0, macs)),
    );
    this.totals.replaceChildren(
      element(
        'tr',
        {},
        element('th', { scope: 'row', colSpan: 2 }, 'In all'),
        element('td', {}, count(parameters)),
        element('td', {}, count(macs)),
      ),
    );
    return { macs, output: layers.at(-1).output };
  }

  #light(target) {
    const at = target?.closest?.('[data-place]')?.getAttribute('data-place');
    for (const node of this.root.querySelectorAll('[data-place]')) {
      node.classList.toggle('lit', node.getAttribute('data-place') === at);
    }
  }
}

function rowsOf(layer, level, total) {
  const rows = [row(layer.place, level, layerName(layer.spec), layer.output, layer, total)];
  rows.push(...layer.inner.flatMap((inner) => rowsOf(inner, level + 1, total)));
  if (layer.projection) {
    rows.push(row(layer.place, level + 1, 'projection', layer.output, layer.projection, total));
  }
  return rows;
}

function row(at, level, words, shape, cost, total) {
  const name = element('th', { scope: 'row' }, words);
  name.style.paddingInlineStart = `${0.6 + level * 1.4}rem`;
  const cells = [element('td', {}, shapeWords(shape))];
  cells.push(element('td', {}, counted(cost?.parameters)));
  const share = element('span', { className: 'share', ariaHidden: 'true' });
  share.style.width = `${((cost?.macs ?? 0) / (total || 1)) * 100}%`;
  cells.push(element('td', { className: 'macs' }, counted(cost?.macs), share));
  const node = element('tr', {}, name, ...cells);
  node.dataset.place = at;
  return node;
}

const counted = (number) => (number ? count(number) : '–');
