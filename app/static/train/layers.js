// A list of layers to edit: open one to change its options, move it, remove it, add another. A
// residual block holds such a list itself.

import { element } from '../dom.js';
import { layerWords, shapeWords, spaced, count } from '../words.js';
import { Fields } from './fields.js';

/** What a new layer begins with where its schema has no default. */
const STARTERS = { output_dim: 64, output_channels: 8, kernel_size: 3, shape: [1, 28, 28] };

export class LayerList {
  /** @type {object[]} */
  #layers = [];
  #items = [];
  #open = new Set();
  #newest = null;

  /**
   * @param {Record<string, object>} schemas by type of layer
   * @param {() => void} onChange
   */
  constructor(schemas, onChange) {
    this.schemas = schemas;
    this.onChange = onChange;
    this.list = element('ol', { className: 'layers' });
    this.node = element('div', { className: 'layer-list' }, this.list, this.#adder());
  }

  /** @param {object[]} layers changed in place from now on */
  show(layers) {
    this.#layers = layers;
    this.#open.clear();
    this.#build();
  }

  /** @param {{output_shape: number[], parameters: number}[]} summary one entry for each layer */
  describe(summary) {
    this.#items.forEach((item, i) => {
      const { output_shape: shape, parameters } = summary[i] ?? {};
      item.shape.textContent = shape ? shapeWords(shape) : '';
      item.parameters.textContent = parameters ? count(parameters) : '';
    });
  }

  /** Shows each error at its layer or field; gives back the others. */
  showProblems(errors, place) {
    let left = errors;
    this.#items.forEach((item, i) => {
      const here = [...place, i];
      left = item.fields?.showProblems(left, here) ?? left;
      if (item.inner) left = item.inner.showProblems(left, [...here, 'layers']);
      const own = left.filter(({ loc }) => here.every((part, k) => loc[k] === part));
      item.problem.textContent = own.map(({ msg }) => msg).join(' ');
      item.node.classList.toggle('wrong', own.length > 0);
      left = left.filter((error) => !own.includes(error));
    });
    return left;
  }

  #build() {
    this.#items = this.#layers.map((layer, i) => this.#item(layer, i));
    this.list.replaceChildren(...this.#items.map(({ node }) => node));
  }

  #changed() {
    this.#build();
    this.onChange();
  }

  #item(layer, i) {
    const name = element('button', { type: 'button', className: 'layer-name' }, layerWords(layer));
    const shape = element('span', { className: 'shape' });
    const parameters = element('span', { className: 'parameters' });
    const problem = element('p', { className: 'problem' });
    const body = element('div', { className: 'layer-body' });
    const item = { shape, parameters, problem, fields: null, inner: null };
    item.node = element('li', {}, name, shape, parameters, problem, body);
    const toggle = () => {
      const open = this.#open.has(layer);
      name.ariaExpanded = String(open);
      body.hidden = !open;
      if (open && !body.children.length) this.#fill(item, body, layer, i, name);
    };
    name.addEventListener('click', () => {
      if (!this.#open.delete(layer)) this.#open.add((this.#newest = layer));
      toggle();
    });
    toggle();
    return item;
  }

  #fill(item, body, layer, i, name) {
    const { description, properties } = this.schemas[layer.type];
    const renamed = () => {
      name.textContent = layerWords(layer);
      this.onChange();
    };
    const { type: _, layers, ...options } = properties;
    item.fields = new Fields(options, { values: layer, onInput: renamed });
    body.append(element('p', { className: 'quiet' }, description), item.fields.node);
    if (layers) {
      item.inner = new LayerList(this.schemas, renamed);
      item.inner.show(layer.layers);
      body.append(item.inner.node);
    }
    const tool = (words, disabled, act) => {
      const button = element('button', { type: 'button', disabled }, words);
      button.addEventListener('click', act);
      return button;
    };
    const last = this.#layers.length - 1;
    body.append(
      element(
        'div',
        { className: 'tools' },
        tool('Move up', i === 0, () => this.#move(i, i - 1)),
        tool('Move down', i === last, () => this.#move(i, i + 1)),
        tool('Remove', last === 0, () => this.#remove(i)),
      ),
    );
  }

  #move(from, to) {
    this.#layers.splice(to, 0, ...this.#layers.splice(from, 1));
    this.#changed();
    this.#focus(to);
  }

  #remove(i) {
    this.#open.delete(this.#layers[i]);
    this.#layers.splice(i, 1);
    this.#changed();
    this.#focus(Math.min(i, this.#layers.length - 1));
  }

  #focus(i) {
    this.list.children[i].querySelector('.layer-name').focus();
  }

  #adder() {
    const types = Object.keys(this.schemas).map((type) =>
      element('option', { value: type }, spaced(type)),
    );
    const select = element('select', { ariaLabel: 'Type of the new layer' }, ...types);
    const add = element('button', { type: 'button' }, 'Add layer');
    add.addEventListener('click', () => this.#add(select.value));
    return element('div', { className: 'tools adder' }, select, add);
  }

  /** After the layer that was opened last; else before the softmax that ends a classifier. */
  #add(type) {
    const layer = newLayer(type, this.schemas[type]);
    const opened = this.#layers.indexOf(this.#newest);
    const end = this.#layers.length - (this.#layers.at(-1)?.type === 'softmax' ? 1 : 0);
    const place = opened >= 0 ? opened + 1 : end;
    this.#layers.splice(place, 0, layer);
    this.#open.add((this.#newest = layer));
    this.#changed();
    this.#focus(place);
  }
}

function newLayer(type, { required }) {
  const layer = { type };
  for (const name of required) {
    if (name === 'layers') layer.layers = [{ type: 'relu' }];
    else if (name !== 'type') layer[name] = structuredClone(STARTERS[name]);
  }
  return layer;
}
